// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/layout.hpp>

#include <loopmeter/metrics/histogram_shape.hpp>
#include <loopmeter/metrics/registry_state.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <utility>

namespace loopmeter::metrics::detail {
namespace {

// The exposed series of a family.
std::vector<series_layout> series_of(registry_state const &state, family_definition const &family) {
  std::vector<series_layout> exposed;
  if (family.open != nullptr) {
    for (open_series const *one : family.open->exposed())
      exposed.push_back({.first_cell = one->first_cell, .number = 0, .open = one});
    return exposed;
  }
  auto const found = state.removed.find(family.name);
  auto const is_removed = [&](std::uint32_t number) {
    return found != state.removed.end() && found->second.contains(number);
  };
  for (std::uint32_t number = 0; number < family.series_count; ++number) {
    cell_offset const first = family.place.first + number * family.place.cells_per_series;
    bool const has_begun = family.kind == instrument_kind::info || touched(first);
    if (has_begun && !is_removed(number)) {
      exposed.push_back({.first_cell = first, .number = number, .open = nullptr});
    }
  }
  return exposed;
}

layout make_layout(registry_state const &state) {
  layout made;
  for (auto const &[name, definition] : state.families) {
    family_layout family{.definition = definition,
                         .series = series_of(state, *definition),
                         .first_value = made.value_count,
                         .first_native = made.native_count};
    if (family.series.empty()) continue;
    if (auto const found = state.resets.find(name); found != state.resets.end()) {
      family.reset = found->second;
    }
    made.value_count += family.series.size() * definition->values_per_series();
    if (definition->is_native()) made.native_count += family.series.size();
    made.families.push_back(std::move(family));
  }
  return made;
}

}  // namespace

metric_type family_definition::type() const noexcept {
  switch (kind) {
    case instrument_kind::counter:
    case instrument_kind::float_counter:
      return metric_type::counter;
    case instrument_kind::gauge:
    case instrument_kind::level:
      return metric_type::gauge;
    case instrument_kind::histogram:
      return metric_type::histogram;
    case instrument_kind::info:
      break;
  }
  return metric_type::info;
}

value_kind family_definition::kind_of_values() const noexcept {
  switch (kind) {
    case instrument_kind::float_counter:
    case instrument_kind::gauge:
      return value_kind::f64;
    case instrument_kind::level:
      return value_kind::i64;
    case instrument_kind::counter:
    case instrument_kind::histogram:
    case instrument_kind::info:
      break;
  }
  return value_kind::u64;
}

std::size_t family_definition::values_per_series() const noexcept {
  return kind == instrument_kind::histogram ? place.shape->bucket_count() + 2 : 1;
}

bool family_definition::is_counter() const noexcept {
  return type() == metric_type::counter;
}

bool family_definition::is_native() const noexcept {
  return kind == instrument_kind::histogram && place.shape->native != nullptr;
}

std::vector<label_view> labels_of(family_layout const &family, series_layout const &series) {
  std::vector<label_domain> const &labels = family.definition->labels;
  std::vector<label_view> views(labels.size());
  std::size_t number = series.number;
  for (std::size_t i = labels.size(); i-- > 0;) {
    views[i].name = labels[i].name;
    if (series.open != nullptr) {
      views[i].value = series.open->values[i];
    } else {
      views[i].value = labels[i].values[number % labels[i].values.size()];
      number /= labels[i].values.size();
    }
  }
  return views;
}

std::int64_t start_ms(family_layout const &family, series_layout const &series) noexcept {
  std::int64_t const begun =
      series.open != nullptr ? series.open->start_ms : family.definition->start_ms;
  return family.reset == nullptr ? begun : std::max(begun, family.reset->at_ms);
}

std::shared_ptr<layout const> layout_of(registry_state &state) {
  // Read before the bits: a touch that comes later moves it again.
  std::uint64_t const touches = touch_generation();
  bool const current = state.current_layout != nullptr && state.layout_touches == touches &&
                       state.layout_generation == state.generation;
  if (current) return state.current_layout;
  layout made = make_layout(state);
  if (state.current_layout == nullptr || *state.current_layout != made) {
    state.current_layout = std::make_shared<layout const>(std::move(made));
  }
  state.layout_touches = touches;
  state.layout_generation = state.generation;
  return state.current_layout;
}

}  // namespace loopmeter::metrics::detail
