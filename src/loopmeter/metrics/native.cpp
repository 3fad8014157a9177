// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/native.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <span>

namespace loopmeter::metrics::detail {
namespace {

constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;

// A shape and its tables.
class native_storage {
 public:
  explicit native_storage(native_options const &options) {
    shape_.options = options;
    shape_.stored_schema = std::max(options.schema, 0);
    std::size_t const per_octave = std::size_t{1} << shape_.stored_schema;
    for (std::size_t i = 0; i < per_octave; ++i) {
      // 2^(i / per_octave), rounded once: long double has more bits than are left.
      long double const exponent =
          static_cast<long double>(i) / static_cast<long double>(per_octave);
      auto const bound = static_cast<double>(std::exp2(exponent));
      fractions_.push_back(std::bit_cast<std::uint64_t>(bound) & mantissa_mask);
    }
    fractions_.push_back(std::numeric_limits<std::uint64_t>::max());
    // Bins of half a bucket: bounds are at least 0.69 / per_octave apart, so none has two.
    std::size_t const bins = 2 * per_octave;
    shape_.fraction_shift = static_cast<std::uint32_t>(52 - 1 - shape_.stored_schema);
    for (std::size_t bin = 0; bin < bins; ++bin) {
      auto const start = static_cast<std::uint64_t>(bin) << shape_.fraction_shift;
      auto const below = std::ranges::lower_bound(fractions_, start) - fractions_.begin();
      before_.push_back(static_cast<std::uint16_t>(below));
    }
    shape_.bounds_before = before_.data();
    shape_.bound_fraction = fractions_.data();
    constexpr std::int32_t beyond = 1024;  // the exponent of no double
    constexpr std::int32_t step = native_shape::coarse_octaves;
    shape_.fine_exponent_min = std::ilogb(options.zero_threshold);
    shape_.fine_exponent_max =
        static_cast<std::int32_t>(std::ceil(std::log2(options.expected_max) / step)) * step;
    shape_.fine_max = std::ldexp(1.0, shape_.fine_exponent_max);
    auto const octaves =
        static_cast<std::uint32_t>(shape_.fine_exponent_max - shape_.fine_exponent_min);
    shape_.fine_count = octaves * static_cast<std::uint32_t>(per_octave);
    shape_.coarse_count = static_cast<std::uint32_t>((beyond - shape_.fine_exponent_max) / step);
    shape_.cell_count = native_cell::arrays + 2 * shape_.array_count();
  }

  native_shape const &shape() const noexcept { return shape_; }

 private:
  std::vector<std::uint64_t> fractions_;
  std::vector<std::uint16_t> before_;
  native_shape shape_{};
};

// Never destroyed: handles outlive main(). Bounded by the options that a program declares.
struct native_table {
  std::mutex mutex;
  std::vector<std::unique_ptr<native_storage const>> shapes;
};

native_table &all_natives() {
  static native_table *const table = new native_table;
  return *table;
}

// The key, at a schema coarser by `steps`, of the bucket that holds a bucket's values.
constexpr std::int32_t coarser_key(std::int32_t key, int steps) noexcept {
  return (key + ((std::int32_t{1} << steps) - 1)) >> steps;
}

void lower(std::vector<native_bucket> &buckets, int steps) {
  std::size_t kept = 0;
  for (native_bucket const &bucket : buckets) {
    std::int32_t const key = coarser_key(bucket.key, steps);
    if (kept > 0 && buckets[kept - 1].key == key) {
      buckets[kept - 1].count += bucket.count;
    } else {
      buckets[kept++] = {.key = key, .count = bucket.count};
    }
  }
  buckets.resize(kept);
}

void subtract(std::vector<native_bucket> &buckets, std::span<native_bucket const> earlier) {
  auto was = earlier.begin();
  for (native_bucket &bucket : buckets) {
    while (was != earlier.end() && was->key < bucket.key)
      ++was;
    if (was != earlier.end() && was->key == bucket.key) bucket.count -= was->count;
  }
  std::erase_if(buckets, [](native_bucket const &bucket) { return bucket.count == 0; });
}

}  // namespace

native_shape const &intern_native(native_options const &options) {
  native_table &table = all_natives();
  std::lock_guard const lock{table.mutex};
  for (auto const &known : table.shapes) {
    if (known->shape().options == options) return known->shape();
  }
  return table.shapes.emplace_back(std::make_unique<native_storage const>(options))->shape();
}

void lower_schema(native_histogram &histogram, std::int32_t schema) {
  if (schema >= histogram.schema) return;
  int const steps = histogram.schema - schema;
  lower(histogram.positive, steps);
  lower(histogram.negative, steps);
  histogram.schema = schema;
}

void subtract(native_histogram &histogram, native_histogram const &earlier) {
  histogram.zero_count -= earlier.zero_count;
  subtract(histogram.positive, earlier.positive);
  subtract(histogram.negative, earlier.negative);
}

void native_counts::reset(native_shape const &shape) {
  if (shape_ == &shape) {
    for (std::size_t sign = 0; sign < 2; ++sign) {
      auto const begin = counts_.begin() + static_cast<std::ptrdiff_t>(sign * shape.array_count());
      std::fill(begin + spans_[sign].first, begin + spans_[sign].last, 0U);
      spans_[sign] = {};
    }
  } else {
    counts_.assign(2 * std::size_t{shape.array_count()}, 0);
    shape_ = &shape;
    spans_[0] = spans_[1] = {};
  }
  zero_ = 0;
}

void native_counts::widen(std::size_t sign, std::uint32_t first, std::uint32_t last) {
  span &own = spans_[sign];
  if (own.first == own.last) {
    own = {.first = first, .last = last};
  } else {
    own = {.first = std::min(own.first, first), .last = std::max(own.last, last)};
  }
}

std::uint64_t native_counts::read(cell const *native) {
  // acquire, all of them: see histogram_set.hpp for what the reader of a set relies on, and
  // native_shape::widen() for the spans.
  zero_ = native[native_cell::zero].load(std::memory_order_acquire);
  std::uint64_t total = zero_;
  for (std::size_t sign = 0; sign < 2; ++sign) {
    cell const *const ends = native + native_cell::spans + 2 * sign;
    auto const from_end = static_cast<std::uint32_t>(ends[0].load(std::memory_order_acquire));
    auto const last = static_cast<std::uint32_t>(ends[1].load(std::memory_order_acquire));
    if (from_end == 0 || last == 0) continue;
    // Between the writer's two stores for its first value the span may lack one end.
    std::uint32_t const first = std::min(shape_->array_count() - from_end, last);
    widen(sign, first, last);
    std::size_t const array = sign * shape_->array_count();
    for (std::size_t i = array + first; i < array + last; ++i) {
      counts_[i] = native[native_cell::arrays + i].load(std::memory_order_acquire);
      total += counts_[i];
    }
  }
  return total;
}

void native_counts::add(native_counts const &other) {
  zero_ += other.zero_;
  for (std::size_t sign = 0; sign < 2; ++sign) {
    auto const [first, last] = other.spans_[sign];
    if (first == last) continue;
    widen(sign, first, last);
    std::size_t const array = sign * shape_->array_count();
    for (std::size_t i = array + first; i < array + last; ++i)
      counts_[i] += other.counts_[i];
  }
}

void native_counts::count(std::uint32_t place_in_set) {
  if (place_in_set == native_cell::zero) {
    ++zero_;
    return;
  }
  std::uint32_t const index = place_in_set - native_cell::arrays;
  std::uint32_t const sign = index / shape_->array_count();
  std::uint32_t const place = index % shape_->array_count();
  widen(sign, place, place + 1);
  ++counts_[index];
}

native_histogram native_counts::to_histogram() const {
  native_histogram made{.schema = shape_->stored_schema,
                        .zero_threshold = shape_->options.zero_threshold,
                        .zero_count = zero_};
  bool const has_coarse =
      spans_[0].last > shape_->fine_count || spans_[1].last > shape_->fine_count;
  if (has_coarse) made.schema = native_schema_min;
  int const steps = shape_->stored_schema - made.schema;
  std::int32_t const first_coarse_key =
      shape_->fine_exponent_max / native_shape::coarse_octaves + 1;
  std::int32_t const first_fine_key =
      shape_->fine_exponent_min * (std::int32_t{1} << shape_->stored_schema) + 1;
  for (std::size_t sign = 0; sign < 2; ++sign) {
    auto &buckets = sign == 0 ? made.positive : made.negative;
    std::size_t const array = sign * shape_->array_count();
    for (std::uint32_t place = spans_[sign].first; place < spans_[sign].last; ++place) {
      std::uint64_t const n = counts_[array + place];
      if (n == 0) continue;
      bool const fine = place < shape_->fine_count;
      std::int32_t const key =
          fine ? coarser_key(static_cast<std::int32_t>(place) + first_fine_key, steps)
               : first_coarse_key + static_cast<std::int32_t>(place - shape_->fine_count);
      if (!buckets.empty() && buckets.back().key == key) {
        buckets.back().count += n;
      } else {
        buckets.push_back({.key = key, .count = n});
      }
    }
  }
  return made;
}

}  // namespace loopmeter::metrics::detail
