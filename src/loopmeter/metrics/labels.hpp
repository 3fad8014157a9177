// SPDX-License-Identifier: Apache-2.0
// Labels of closed domains: every value is known when the family is registered, so a label is a
// type (an enum, or an index with a name) and its series is found by arithmetic.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace loopmeter::metrics {

/// A label and all its values; the position of a value is its label_index.
struct label_domain {
  template <std::ranges::input_range Values>
    requires std::convertible_to<std::ranges::range_reference_t<Values>, std::string_view>
  label_domain(std::string_view label, Values &&label_values) : name{label} {
    for (std::string_view const value : label_values)
      values.emplace_back(value);
  }
  label_domain(std::string_view label, std::initializer_list<std::string_view> label_values)
      : name{label} {
    for (std::string_view const value : label_values)
      values.emplace_back(value);
  }

  bool operator==(label_domain const &) const = default;

  std::string name;
  std::vector<std::string> values;
};

/// A label with the one value it has: of an info, or of a series from elsewhere.
struct label {
  bool operator==(label const &) const = default;

  std::string name;
  std::string value;
};

/// The position of an enumerator in its domain: its number.
template <class Label>
  requires std::is_enum_v<Label>
constexpr std::size_t label_index(Label value) noexcept {
  return static_cast<std::size_t>(value);
}

/// A type that can stand for a label: an enum, or one with a label_index() beside it.
template <class Label>
concept label_type = requires(Label const &value) {
  { label_index(value) } -> std::convertible_to<std::size_t>;
};

/// The grammar of names: https://prometheus.io/docs/concepts/data_model/
bool is_metric_name(std::string_view name) noexcept;
bool is_label_name(std::string_view name) noexcept;

/// The name as scrapers before Prometheus 3 see it: with _ for each character that their grammar
/// does not have. A name of that grammar stays as it is.
std::string legacy_metric_name(std::string_view name);
std::string legacy_label_name(std::string_view name);

/// Well-formed UTF-8 (Unicode 15, table 3-7): no surrogates, no overlong forms.
bool is_utf8(std::string_view text) noexcept;

/// A label that Prometheus or the Prometheus Operator writes on the target; ours would come back as
/// exported_<name>.
bool is_target_label(std::string_view name) noexcept;

}  // namespace loopmeter::metrics
