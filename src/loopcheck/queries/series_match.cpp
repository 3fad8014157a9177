// SPDX-License-Identifier: Apache-2.0
#include "series_match.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "query_sources.hpp"

namespace loopcheck {
namespace {

std::string quote_regex(std::string_view literal) {
  return re2::RE2::QuoteMeta(re2::StringPiece(literal.data(), literal.size()));
}

/// Each variable becomes `.*`; what is around it stays, or is quoted.
std::string with_anything(std::string_view value, bool quoted) {
  std::string made;
  while (true) {
    std::size_t const at = value.find(any_text);
    std::string_view const before = value.substr(0, at);
    made += quoted ? quote_regex(before) : std::string(before);
    if (at == std::string_view::npos) {
      return made;
    }
    made += ".*";
    value.remove_prefix(at + any_text.size());
  }
}

bool any_value(compiled_matcher const &matcher, known_values const &known) {
  return known.many || (known.missing && matcher.matches("")) ||
         std::ranges::any_of(known.values,
                             [&](std::string const &each) { return matcher.matches(each); });
}

}  // namespace

compiled_matcher::compiled_matcher(label_matcher of)
    : of_(std::move(of)), regex_(go_regex::anchored("")) {
  using enum label_matcher::op;
  bool const variable = of_.value.find(any_text) != std::string::npos;
  bool const is_regex = of_.how == regex || of_.how == not_regex;
  open_ = variable && (of_.how == not_equal || of_.how == not_regex);
  by_regex_ = is_regex || variable;
  if (by_regex_) {
    regex_ = go_regex::anchored(variable ? with_anything(of_.value, !is_regex) : of_.value);
    open_ = open_ || !regex_.error().empty();
  }
}

bool compiled_matcher::matches(std::string_view value) const {
  if (open_) {
    return true;
  }
  bool const same = by_regex_ ? regex_.matches(value) : of_.value == value;
  using enum label_matcher::op;
  return same == (of_.how == equal || of_.how == regex);
}

bool can_match(compiled_matcher const &matcher, known_metric const &metric, labels const *target) {
  std::string const &label = matcher.written().label;
  auto const of_target = target == nullptr ? labels::const_iterator() : target->find(label);
  bool const has_target =
      target != nullptr && of_target != target->end() && !metric.removed.contains(label);
  auto const exposed = metric.exposed.find(label);
  if (exposed == metric.exposed.end()) {
    return matcher.matches(has_target ? std::string_view(of_target->second) : "");
  }
  // honorLabels: the target's value where the series has none of its own.
  return any_value(matcher, exposed->second) ||
         (has_target && exposed->second.missing && matcher.matches(of_target->second));
}

bool has_label(std::string_view label, known_source const &source, known_metric const &metric) {
  if (metric.exposed.contains(label)) {
    return true;
  }
  return !metric.removed.contains(label) &&
         std::ranges::any_of(source.targets,
                             [&](labels const &each) { return each.contains(label); });
}

}  // namespace loopcheck
