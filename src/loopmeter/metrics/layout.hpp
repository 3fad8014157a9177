// SPDX-License-Identifier: Apache-2.0
// Whose the values of a snapshot are: families and their exposed series, in the order in which
// they are exposed. A layout never changes; a new family, or a series' first event, makes another.
#pragma once

#include <loopmeter/metrics/family.hpp>
#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/native.hpp>
#include <loopmeter/metrics/open_series.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace loopmeter::metrics {

/// How the 64 bits of a value are to be read.
enum class value_kind : std::uint8_t { u64, i64, f64 };

namespace detail {

/// A registered family; never changes.
struct family_definition {
  std::string name;
  std::string help;
  std::string unit{};  // the name's last word (before _total), or empty
  instrument_kind kind = instrument_kind::counter;
  std::vector<label_domain> labels;  // of an open family without values
  open_store *open = nullptr;        // the series of an open family
  family_place place;
  std::uint32_t series_count = 1;  // of a closed family
  std::int64_t start_ms = 0;       // when its series began at 0, since 1970
  std::size_t series_limit = 0;    // of an open family
  bool has_exemplars = false;      // of counters or histograms

  metric_type type() const noexcept;
  value_kind kind_of_values() const noexcept;  // of a histogram: its counts; its sum is f64
  std::size_t values_per_series() const noexcept;
  bool is_counter() const noexcept;
  bool is_native() const noexcept;  // a histogram with a native part
};

/// An exposed series.
struct series_layout {
  bool operator==(series_layout const &) const = default;

  cell_offset first_cell = 0;
  std::uint32_t number = 0;           // of a closed family: its place in the domains
  open_series const *open = nullptr;  // of an open family; lives as long as the process
};

/// The values of a series, as a snapshot has them.
struct series_values {
  std::vector<std::uint64_t> values;
  native_histogram native;
};

/// What is subtracted from the series of a family since it was reset: their values at that moment.
struct family_reset {
  std::int64_t at_ms = 0;
  std::unordered_map<cell_offset, series_values> before{};  // by the first cell of a series
};

/// A family's part of a layout: its exposed series, in the order of their numbers or creation, and
/// where their values begin.
struct family_layout {
  std::shared_ptr<family_definition const> definition;  // outlives the registry in a snapshot
  std::vector<series_layout> series;
  std::size_t first_value = 0;
  std::size_t first_native = 0;  // in snapshot::natives; only of a family that is_native()
  std::shared_ptr<family_reset const> reset{};  // shared as the definition is; null: never

  bool operator==(family_layout const &) const = default;
  cell_offset first_cell(std::size_t position) const { return series[position].first_cell; }
};

/// Whose the values of a snapshot are: families by name, their series in the order of their
/// numbers, of a histogram its cumulated buckets, +Inf last, then its sum and its count. Families
/// without an exposed series are not in it.
struct layout {
  bool operator==(layout const &) const = default;

  std::vector<family_layout> families;
  std::size_t value_count = 0;
  std::size_t native_count = 0;
};

/// The labels of an exposed series, names in the family's order.
struct label_view {
  std::string_view name;
  std::string_view value;
};
std::vector<label_view> labels_of(family_layout const &family, series_layout const &series);

/// When the values of a series began at 0, in milliseconds since 1970.
std::int64_t start_ms(family_layout const &family, series_layout const &series) noexcept;

}  // namespace detail

}  // namespace loopmeter::metrics
