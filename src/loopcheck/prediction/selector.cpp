// SPDX-License-Identifier: Apache-2.0
#include "selector.hpp"

#include <algorithm>

#include "label_name.hpp"

namespace loopcheck {

namespace {

using requirement = selector::requirement;
using op = selector::requirement::op;

op operator_of(std::string_view name) {
  if (name == "In") {
    return op::in;
  }
  if (name == "NotIn") {
    return op::not_in;
  }
  if (name == "Exists") {
    return op::exists;
  }
  if (name == "DoesNotExist") {
    return op::does_not_exist;
  }
  throw selector_error('"' + std::string(name) +
                       "\" is no operator: In, NotIn, Exists or DoesNotExist");
}

std::string joined(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  std::string result;
  for (auto const &one : values) {
    result += one + ",";
  }
  if (!result.empty()) {
    result.pop_back();
  }
  return result;
}

}  // namespace

bool requirement::met_by(labels const &of) const {
  auto const found = of.find(key);
  bool const there = found != of.end();
  auto among = [&] {
    return std::find(values.begin(), values.end(), found->second) != values.end();
  };
  switch (how) {
    case op::in:
      return there && among();
    case op::not_in:
      return !there || !among();
    case op::exists:
      return there;
    case op::does_not_exist:
      return !there;
  }
  return false;
}

void selector::add(requirement of) {
  if (auto const why = why_not_qualified_name(of.key); !why.empty()) {
    throw selector_error("label name \"" + of.key + "\": " + why);
  }
  bool const takes_values = of.how == op::in || of.how == op::not_in;
  if (takes_values && of.values.empty()) {
    throw selector_error(of.key + ": In and NotIn need at least one value");
  }
  if (!takes_values && !of.values.empty()) {
    throw selector_error(of.key + ": Exists and DoesNotExist take no values");
  }
  for (auto const &one : of.values) {
    if (auto const why = why_not_label_value(one); !why.empty()) {
      auto message = of.key;
      message.append(": label value \"").append(one).append("\" ").append(why);
      throw selector_error(message);
    }
  }
  requirements_.push_back(std::move(of));
}

void selector::sort() {
  std::stable_sort(requirements_.begin(), requirements_.end(),
                   [](requirement const &a, requirement const &b) { return a.key < b.key; });
}

selector selector::from(value const &label_selector) {
  selector result;
  result.nothing_ = label_selector.is_null();
  for (auto const &one : label_selector["matchLabels"].entries()) {
    result.add({one.key, op::in, {std::string(one.held.text())}, true});
  }
  for (auto const &one : label_selector["matchExpressions"].items()) {
    requirement of{one["key"].text_or(""), operator_of(one["operator"].text()), {}, false};
    for (auto const &item : one["values"].items()) {
      of.values.emplace_back(item.text());
    }
    result.add(std::move(of));
  }
  result.sort();
  return result;
}

selector selector::from_map(value const &map) {
  selector result;
  result.nothing_ = map.entries().empty();
  for (auto const &one : map.entries()) {
    result.requirements_.push_back({one.key, op::in, {std::string(one.held.text())}, true});
  }
  result.sort();
  return result;
}

bool selector::matches(labels const &of) const {
  return !nothing_ && std::all_of(requirements_.begin(), requirements_.end(),
                                  [&](requirement const &one) { return one.met_by(of); });
}

std::vector<requirement> selector::unmet(labels const &of) const {
  std::vector<requirement> result;
  for (auto const &one : requirements_) {
    if (!one.met_by(of)) {
      result.push_back(one);
    }
  }
  return result;
}

std::string text(selector::requirement const &of) {
  switch (of.how) {
    case op::in:
      return of.exact ? of.key + "=" + joined(of.values)
                      : of.key + " in (" + joined(of.values) + ")";
    case op::not_in:
      return of.exact ? of.key + "!=" + joined(of.values)
                      : of.key + " notin (" + joined(of.values) + ")";
    case op::exists:
      return of.key;
    case op::does_not_exist:
      return "!" + of.key;
  }
  return {};
}

std::string selector::text() const {
  std::string result;
  for (auto const &one : requirements_) {
    result += (result.empty() ? "" : ",") + loopcheck::text(one);
  }
  return result;
}

}  // namespace loopcheck
