// SPDX-License-Identifier: Apache-2.0
#include "mend.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace loopcheck {
namespace {

// "[12]…" → 12, and `text` is what follows.
std::optional<std::size_t> take_index(std::string_view &text) {
  std::size_t made = 0;
  if (!text.starts_with("[")) return std::nullopt;
  auto const read = std::from_chars(text.data() + 1, text.data() + text.size(), made);
  if (read.ec != std::errc{} || read.ptr == text.data() + text.size() || *read.ptr != ']')
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr + 1 - text.data()));
  return made;
}

}  // namespace

value at_spec(std::string key, value held) {
  return value::map({{"spec", value::map({{std::move(key), std::move(held)}})}});
}

patch endpoint_patch(chain const &of, std::size_t index, value changed) {
  auto all = value::list();
  std::size_t at = 0;
  for (auto const &each : of.endpoints())
    all.push(at++ == index ? changed : each);
  return {of.monitor->id,
          at_spec(of.of_pods() ? "podMetricsEndpoints" : "endpoints", std::move(all))};
}

patch endpoint_field_patch(chain const &of, std::size_t index, std::string key, value held) {
  auto changed = index < of.endpoints().size() ? of.endpoints()[index] : value::map();
  if (held.is_null()) {
    changed.erase(key);
  } else {
    changed.set(std::move(key), std::move(held));
  }
  return endpoint_patch(of, index, std::move(changed));
}

std::optional<patch> without_rule(chain const &of, std::string_view field) {
  auto const list = of.endpoints_field();
  if (!field.starts_with(list)) return std::nullopt;
  field.remove_prefix(list.size());
  auto const endpoint = take_index(field);
  if (!endpoint || *endpoint >= of.endpoints().size() || !field.starts_with("."))
    return std::nullopt;
  auto const key = std::string(field.substr(1, field.find('[') - 1));
  field.remove_prefix(std::min(field.size(), field.find('[')));
  auto const rule = take_index(field);
  auto const &rules = of.endpoints()[*endpoint][key];
  if (!rule || *rule >= rules.size()) return std::nullopt;
  auto left = value::list();
  std::size_t at = 0;
  for (auto const &each : rules.items())
    if (at++ != *rule) left.push(each);
  return endpoint_field_patch(of, *endpoint, key, left.size() > 0 ? std::move(left) : value());
}

value labels_that_meet(std::vector<selector::requirement> const &unmet) {
  using op = selector::requirement::op;
  auto made = value::map();
  for (auto const &each : unmet) {
    if (each.how == op::in) {
      made.set(each.key, value(each.values.front()));
    } else if (each.how == op::exists) {
      made.set(each.key, value("true"));
    } else {
      made.set(each.key, value());
    }
  }
  return made;
}

}  // namespace loopcheck
