// SPDX-License-Identifier: Apache-2.0
// A family of series with labels of closed domains, as a value: at() is a multiplication and an
// addition per label and gives the handle of one series. No lookup, no string, no lock.
#pragma once

#include <loopmeter/base/assert.hpp>
#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace loopmeter::metrics {

namespace detail {

enum class instrument_kind { counter, float_counter, gauge, level, histogram, info };

/// Where a family's series lie. Series are numbered row by row: the last label moves fastest.
struct family_place {
  cell_offset first = fixed_cells::discard;
  cell_offset cells_per_series = 0;
  histogram_shape const *shape = nullptr;  // of a histogram

  // Of counters that keep exemplars: the slot of the series at `first`, and how far apart those of
  // neighbours are. Of closed labels the slots are behind all counters, so that these stay close
  // together; of open ones each is behind its own.
  cell_offset first_exemplar = no_exemplar;
  cell_offset exemplar_step = 0;

  bool has_exemplars() const noexcept { return first_exemplar != no_exemplar; }
  /// The slot of the series whose first cell that is; no_exemplar where there are none.
  cell_offset exemplar_of(cell_offset series) const noexcept {
    return first_exemplar + (series - first) * exemplar_step;
  }
};

template <class Instrument>
Instrument make_handle(cell_offset offset, family_place const &) noexcept {
  return Instrument{offset};
}
template <>
inline counter make_handle<counter>(cell_offset offset, family_place const &place) noexcept {
  return counter{offset, place.exemplar_of(offset)};
}
template <>
inline float_counter make_handle<float_counter>(cell_offset offset,
                                                family_place const &place) noexcept {
  return float_counter{offset, place.exemplar_of(offset)};
}
template <>
inline histogram make_handle<histogram>(cell_offset offset, family_place const &place) noexcept {
  return place.shape == nullptr ? histogram{} : histogram{offset, *place.shape};
}

}  // namespace detail

/// The series of one name. Copyable, some 32 bytes; any thread may use any copy. A
/// default-constructed family accepts every label and drops what is recorded.
template <class Instrument, label_type... Labels>
class family {
 public:
  constexpr family() noexcept = default;
  family(detail::family_place const &place,
         std::array<std::uint32_t, sizeof...(Labels)> const &sizes) noexcept
      : place_{place}, sizes_{sizes} {}

  /// The handle of one series. It appears in the exposition with its first event. Cost: about 1 ns;
  /// keep the handle where the labels do not change. A label outside its domain is a bug: aborts.
  Instrument at(Labels const &...labels) const noexcept {
    return detail::make_handle<Instrument>(offset_of(labels...), place_);
  }

  /// As at(), and the series is exposed from now on, with 0 before its first event. For each series
  /// that can be foreseen: a rate over one that appears at 1 misses its first event.
  Instrument expect(Labels const &...labels) const noexcept {
    detail::cell_offset const offset = offset_of(labels...);
    detail::touch(offset);
    return detail::make_handle<Instrument>(offset, place_);
  }

  /// Expects every series of the family. For small families only.
  void expect_all() const noexcept {
    std::uint32_t count = place_.cells_per_series == 0 ? 0 : 1;
    for (std::uint32_t const size : sizes_)
      count *= size;
    for (std::uint32_t series = 0; series < count; ++series) {
      detail::touch(place_.first + series * place_.cells_per_series);
    }
  }

 private:
  detail::cell_offset offset_of(Labels const &...labels) const noexcept {
    if (place_.cells_per_series == 0) [[unlikely]]
      return detail::fixed_cells::discard;
    std::uint32_t series = 0;
    std::size_t position = 0;
    ((series = step(series, sizes_[position++], static_cast<std::size_t>(label_index(labels)))),
     ...);
    return place_.first + series * place_.cells_per_series;
  }

  static std::uint32_t step(std::uint32_t series, std::uint32_t size, std::size_t index) noexcept {
    LOOPMETER_ASSERT(index < size);
    return series * size + static_cast<std::uint32_t>(index);
  }

  detail::family_place place_;
  std::array<std::uint32_t, sizeof...(Labels)> sizes_{};
};

template <label_type... Labels>
using counter_family = family<counter, Labels...>;
template <label_type... Labels>
using float_counter_family = family<float_counter, Labels...>;
template <label_type... Labels>
using gauge_family = family<gauge, Labels...>;
template <label_type... Labels>
using level_family = family<level, Labels...>;
template <label_type... Labels>
using histogram_family = family<histogram, Labels...>;

}  // namespace loopmeter::metrics
