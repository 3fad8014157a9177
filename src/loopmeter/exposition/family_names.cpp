// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/family_names.hpp>

#include <algorithm>
#include <unordered_set>

namespace loopmeter::exposition::detail {
namespace {

using metrics::metric_type;
using name_set = std::unordered_set<std::string>;

void take_names(family_name const &family, name_set &taken) {
  taken.insert(family.name);
  bool const is_histogram = family.type == metric_type::histogram;
  if (!is_histogram && family.type != metric_type::summary) return;
  for (std::string_view const suffix : {"_count", "_sum", "_created"})
    taken.insert(family.name + std::string{suffix});
  if (is_histogram) taken.insert(family.name + "_bucket");
}

// Takes the suffix off the names of a type, where that leaves a name that nobody else has.
void shorten(std::vector<family_name> &families, metric_type type, std::string_view suffix,
             std::vector<std::string_view> const &also_taken, metric_type otherwise,
             name_set &taken) {
  for (family_name &family : families) {
    if (family.type != type) continue;
    bool const is_longer = family.name.size() > suffix.size() && family.name.ends_with(suffix);
    std::string const base = family.name.substr(0, family.name.size() - suffix.size() * is_longer);
    std::vector<std::string> claimed{base};
    for (std::string_view const one : also_taken)
      claimed.push_back(base + std::string{one});
    auto const is_taken = [&](std::string const &name) { return taken.contains(name); };
    if (!is_longer || std::ranges::any_of(claimed, is_taken)) {
      family.type = otherwise;
      continue;
    }
    taken.insert(claimed.begin(), claimed.end());
    family.name = base;
    family.suffix = suffix;
  }
}

}  // namespace

void name_for_openmetrics(std::vector<family_name> &families) {
  name_set taken;
  for (family_name const &family : families)
    take_names(family, taken);
  shorten(families, metric_type::counter, "_total", {"_created"}, metric_type::untyped, taken);
  shorten(families, metric_type::info, "_info", {}, metric_type::gauge, taken);
}

}  // namespace loopmeter::exposition::detail
