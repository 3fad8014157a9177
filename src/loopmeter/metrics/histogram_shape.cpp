// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/histogram_shape.hpp>

#include <loopmeter/base/assert.hpp>

#include <limits>
#include <memory>
#include <mutex>
#include <vector>

namespace loopmeter::metrics::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr cell_offset whole_lines(std::size_t cells) {
  return static_cast<cell_offset>((cells + cells_per_line - 1) / cells_per_line * cells_per_line);
}

constexpr cell_offset cells_for(std::size_t bucket_count) {
  return whole_lines(histogram_cell::buckets + bucket_count);
}

// A shape and what it points to.
class shape_storage {
 public:
  shape_storage(std::span<double const> from, native_shape const *native, bool exemplars) {
    // -0 becomes 0: they are one bound, but not one in their bits.
    for (double const bound : from)
      bounds_.push_back(bound + 0.0);
    bounds_.push_back(infinity);
    shape_.bounds = bounds_.data();
    shape_.bound_count = static_cast<std::uint32_t>(from.size());
    shape_.native = native;
    shape_.native_first = cells_for(from.size() + 1);
    shape_.cells_per_set =
        shape_.native_first + (native == nullptr ? 0 : whole_lines(native->cell_count));
    // A native histogram without bounds has one bucket, and still more to show than one trace.
    constexpr std::size_t native_exemplars = 8;
    std::size_t const slots =
        from.empty() && native != nullptr ? native_exemplars : from.size() + 1;
    shape_.exemplar_count = exemplars ? static_cast<std::uint32_t>(slots) : 0;
    choose_bins();
  }

  histogram_shape const &shape() const noexcept { return shape_; }

 private:
  static constexpr std::uint32_t mantissa_bits = 52;
  static constexpr std::uint32_t bin_mantissa_bits_max = 10;

  // The coarsest bins that tell the bounds apart, or else those that do it best.
  void choose_bins() {
    histogram_shape best{};
    for (std::uint32_t bits = 0; bits <= bin_mantissa_bits_max; ++bits) {
      if (!make_bins(mantissa_bits - bits)) break;
      if (bits == 0 || shape_.bounds_in_bin_max < best.bounds_in_bin_max) best = shape_;
      if (best.bounds_in_bin_max <= 1) break;
    }
    make_bins(best.bin_shift);
  }

  // False, with the bins as they were, when there would be too many of them.
  bool make_bins(std::uint32_t shift) {
    auto const finite = shape_.finite_bounds();
    auto const positive = std::ranges::upper_bound(finite, 0.0);
    auto const bits_of = [shift](double v) { return std::bit_cast<std::int64_t>(v) >> shift; };
    std::int64_t const first = positive == finite.end() ? 0 : bits_of(*positive) - 1;
    std::int64_t const last = positive == finite.end() ? 0 : bits_of(finite.back()) - first;
    if (last >= histogram_shape::bins_max && shift != mantissa_bits) return false;

    std::vector<std::uint16_t> in_bin(static_cast<std::size_t>(last) + 1, 0);
    for (double const bound : finite) {
      std::int64_t const bin = std::clamp(bits_of(bound) - first, std::int64_t{0}, last);
      ++in_bin[static_cast<std::size_t>(bin)];
    }
    shape_.bounds_in_bin_max = *std::ranges::max_element(in_bin);
    bins_.clear();
    std::size_t before = 0;
    for (std::uint16_t const count : in_bin) {
      bins_.push_back({.first_bound = bounds_[before], .bounds_before = before});
      before += count;
    }
    shape_.bins = bins_.data();
    shape_.first_bin = first;
    shape_.last_bin = last;
    shape_.bin_shift = shift;
    return true;
  }

  std::vector<double> bounds_;
  std::vector<histogram_shape::bin> bins_;
  histogram_shape shape_{};
};

// Never destroyed: handles outlive main(). Bounded by the lists of bounds that a program declares.
struct shape_table {
  std::mutex mutex;
  std::vector<std::unique_ptr<shape_storage const>> shapes;
};

shape_table &all_shapes() {
  static shape_table *const table = new shape_table;
  return *table;
}

constinit histogram_shape::bin const only_bin{.first_bound = infinity, .bounds_before = 0};

}  // namespace

constinit histogram_shape const empty_shape{.bounds = &infinity,
                                            .bins = &only_bin,
                                            .first_bin = 0,
                                            .last_bin = 0,
                                            .bin_shift = 52,
                                            .bounds_in_bin_max = 0,
                                            .bound_count = 0,
                                            .native = nullptr,
                                            .native_first = cells_for(1),
                                            .cells_per_set = cells_for(1),
                                            .exemplar_count = 0};
static_assert(2 * cells_for(1) <= fixed_cells::discard_count);

histogram_shape const &intern_shape(std::span<double const> bounds,
                                    std::optional<native_options> const &native, bool exemplars) {
  LOOPMETER_ASSERT(bounds.size() <= histogram_bounds_max);
  native_shape const *const part = native ? &intern_native(*native) : nullptr;
  shape_table &table = all_shapes();
  std::lock_guard const lock{table.mutex};
  for (auto const &known : table.shapes) {
    histogram_shape const &shape = known->shape();
    bool const same_parts = shape.native == part && (shape.exemplar_count != 0) == exemplars;
    if (same_parts && std::ranges::equal(shape.finite_bounds(), bounds)) return shape;
  }
  auto added = std::make_unique<shape_storage const>(bounds, part, exemplars);
  return table.shapes.emplace_back(std::move(added))->shape();
}

}  // namespace loopmeter::metrics::detail
