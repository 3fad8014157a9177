// SPDX-License-Identifier: Apache-2.0
// The pass over all shards. Writers go on meanwhile; what a gather may take from them is written at
// each load.
#include <loopmeter/metrics/totals.hpp>

#include <loopmeter/metrics/exemplar.hpp>
#include <loopmeter/metrics/histogram_set.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace loopmeter::metrics::detail {
namespace {

// Calls visit(family, values) for each family of a kind, with the part of `values` that it has.
template <class Visit>
void for_each_family(layout const &layout, instrument_kind kind, std::span<std::uint64_t> values,
                     Visit visit) {
  for (family_layout const &family : layout.families) {
    if (family.definition->kind != kind) continue;
    visit(family, values.subspan(family.first_value,
                                 family.series.size() * family.definition->values_per_series()));
  }
}

// The same in blocks: visit(series, totals) for so many series that what all shards have of them is
// added up before it leaves the cache.
template <class Visit>
void for_each_block(layout const &layout, instrument_kind kind, std::span<std::uint64_t> values,
                    Visit visit) {
  constexpr std::size_t block = 512;  // a page of cells
  for_each_family(layout, kind, values, [&](family_layout const &family, auto totals) {
    std::span const series{family.series};
    for (std::size_t i = 0; i < series.size(); i += block) {
      std::size_t const count = std::min(block, series.size() - i);
      visit(series.subspan(i, count), totals.subspan(i, count));
    }
  });
}

void add_counters(layout const &layout, std::span<std::uint64_t> values) {
  for_each_block(layout, instrument_kind::counter, values, [](auto series, auto totals) {
    for (shard const *from = first_shard(); from != nullptr; from = from->next) {
      for (std::size_t i = 0; i < series.size(); ++i) {
        // relaxed: each cell only grows, and reads of one cell never go back in its order.
        totals[i] += from->cells[series[i].first_cell].load(std::memory_order_relaxed);
      }
    }
  });
  // Doubles too: shards are visited in one order and new ones come first, with 0, so that the
  // rounded sum of sums that grow does not fall.
  for_each_block(layout, instrument_kind::float_counter, values, [](auto series, auto totals) {
    for (shard const *from = first_shard(); from != nullptr; from = from->next) {
      for (std::size_t i = 0; i < series.size(); ++i) {
        // relaxed: as above.
        auto const bits = from->cells[series[i].first_cell].load(std::memory_order_relaxed);
        totals[i] = to_bits(to_double(totals[i]) + to_double(bits));
      }
    }
  });
}

// All downs of a level before any of its ups. Whoever reads a down (acquire) sees the up that came
// before it, so with the ups read afterwards the difference is not negative. The list of shards is
// taken anew for the ups: the shard of such an up may have joined it meanwhile.
void add_levels(layout const &layout, std::span<std::uint64_t> values) {
  for_each_block(layout, instrument_kind::level, values, [](auto series, auto totals) {
    for (shard const *from = first_shard(); from != nullptr; from = from->next) {
      for (std::size_t i = 0; i < series.size(); ++i) {
        cell const &downs = from->cells[series[i].first_cell + 1];
        totals[i] -= downs.load(std::memory_order_acquire);  // acquire: see above
      }
    }
    for (shard const *from = first_shard(); from != nullptr; from = from->next) {
      for (std::size_t i = 0; i < series.size(); ++i) {
        // relaxed: that it is not older than the downs was settled by their acquire.
        totals[i] += from->cells[series[i].first_cell].load(std::memory_order_relaxed);
      }
    }
  });
}

void add_gauges(layout const &layout, std::span<std::uint64_t> values) {
  // acquire: pairs with the opening of the cell space.
  cell const *const cells = shared_cells.load(std::memory_order_acquire);
  for_each_block(layout, instrument_kind::gauge, values, [cells](auto series, auto totals) {
    for (std::size_t i = 0; i < series.size(); ++i) {
      // relaxed: a gauge stands for itself.
      totals[i] = cells[series[i].first_cell].load(std::memory_order_relaxed);
    }
  });
}

// What a gather of histograms uses over and over.
struct histogram_scratch {
  native_counts read;               // of one set
  std::vector<native_counts> sums;  // of each native series; only as many as a layout has
  gather_statistics *statistics = nullptr;
};

// Adds one side of one histogram, of all shards, to its totals: buckets, then sum.
void add_side(histogram_shape const &shape, cell_offset offset, std::span<std::uint64_t> totals,
              histogram_scratch &scratch, native_counts *native) {
  std::array<std::uint64_t, histogram_bounds_max + 1> reading_buckets;
  std::span const buckets{reading_buckets.data(), shape.bucket_count()};
  std::uint64_t &sum = totals[buckets.size()];
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    set_reading const reading = read_set(from->cells + offset, shape, buckets, scratch.read);
    for (std::size_t i = 0; i < buckets.size(); ++i)
      totals[i] += buckets[i];
    sum = to_bits(to_double(sum) + reading.sum);
    if (native != nullptr) native->add(scratch.read);

    ++scratch.statistics->reads;
    scratch.statistics->retries += static_cast<std::uint64_t>(reading.attempts - 1);
    scratch.statistics->attempts_max = std::max(scratch.statistics->attempts_max, reading.attempts);
    if (reading.torn) {
      ++scratch.statistics->torn;
      counter{fixed_cells::torn_reads}.inc();
    }
  }
}

// Reads both sides, each after the epoch has sent the writers to the other. What is read is thus
// all that came before the second turn, but for one observation per thread that was under way.
void add_histograms(layout const &layout, std::span<std::uint64_t> values,
                    histogram_scratch &scratch) {
  bool const any = std::ranges::any_of(layout.families, [](family_layout const &family) {
    return family.definition->kind == instrument_kind::histogram;
  });
  if (!any) {
    // relaxed: no side is read. It only begins another generation of exemplars, those of counters.
    epoch.value.fetch_add(2, std::memory_order_relaxed);
    return;
  }
  for (int turn = 0; turn < 2; ++turn) {
    // seq_cst: not for what is read, which is right on either side at any time, but so that the
    // turn is out of this core's store buffer before the reading begins. Each gather turns twice,
    // so it reads side 0 first: the order of additions, and with it the rounding, stays the same.
    std::uint64_t const side = epoch.value.fetch_add(1, std::memory_order_seq_cst) & 1;
    for_each_family(layout, instrument_kind::histogram, values, [&](auto &family, auto totals) {
      histogram_shape const &shape = *family.definition->place.shape;
      auto const side_offset = static_cast<cell_offset>(side * shape.cells_per_set);
      std::size_t const count = family.definition->values_per_series();
      for (std::size_t i = 0; i < family.series.size(); ++i) {
        native_counts *const native =
            shape.native == nullptr ? nullptr : &scratch.sums[family.first_native + i];
        if (native != nullptr && turn == 0) native->reset(*shape.native);
        add_side(shape, family.first_cell(i) + side_offset, totals.subspan(i * count, count),
                 scratch, native);
      }
    });
  }
  for_each_family(layout, instrument_kind::histogram, values, [](auto &family, auto totals) {
    std::size_t const buckets = family.definition->place.shape->bucket_count();
    for (std::size_t at = 0; at < totals.size(); at += buckets + 2) {
      for (std::size_t i = 1; i < buckets; ++i)
        totals[at + i] += totals[at + i - 1];
      totals[at + buckets + 1] = totals[at + buckets - 1];  // the count is what +Inf counts
    }
  });
}

void add_natives(layout const &layout, snapshot &made, histogram_scratch const &scratch) {
  made.natives.resize(layout.native_count);
  for (std::size_t i = 0; i < layout.native_count; ++i)
    made.natives[i] = scratch.sums[i].to_histogram();
}

// The newest exemplar of a slot, of all shards, if it is of `since` or later.
void add_newest(cell_offset slot, std::int64_t since_ms, std::size_t value_index,
                std::vector<exemplar> &exemplars) {
  std::optional<exemplar> newest;
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    auto const read = read_exemplar(from->cells + slot);
    if (read && (!newest || read->timestamp_ms > newest->timestamp_ms)) newest = read;
  }
  if (!newest || newest->timestamp_ms < since_ms) return;
  newest->value_index = value_index;
  exemplars.push_back(*newest);
}

// What explained a count that was reset explains nothing any more.
void add_exemplars_of(family_layout const &family, std::vector<exemplar> &exemplars) {
  family_place const &place = family.definition->place;
  std::int64_t const since_ms = family.reset == nullptr ? 0 : family.reset->at_ms;
  std::size_t value = family.first_value;
  for (series_layout const &series : family.series) {
    if (family.definition->is_counter()) {
      add_newest(place.exemplar_of(series.first_cell), since_ms, value, exemplars);
    } else {
      histogram_shape const &shape = *place.shape;
      bool const by_bucket = shape.exemplar_count == shape.bucket_count();
      cell_offset slot = series.first_cell + shape.first_exemplar();
      for (std::uint32_t i = 0; i < shape.exemplar_count; ++i, slot += cells_per_line)
        add_newest(slot, since_ms, value + (by_bucket ? i : 0), exemplars);
    }
    value += family.definition->values_per_series();
  }
}

void add_exemplars(layout const &layout, std::vector<exemplar> &exemplars) {
  exemplars.clear();
  for (family_layout const &family : layout.families) {
    if (family.definition->has_exemplars) add_exemplars_of(family, exemplars);
  }
}

}  // namespace

void add_up(layout const &layout, snapshot &made, gather_statistics &statistics) {
  static histogram_scratch scratch;
  scratch.statistics = &statistics;
  if (scratch.sums.size() < layout.native_count) scratch.sums.resize(layout.native_count);
  made.values.assign(layout.value_count, 0);
  add_counters(layout, made.values);
  add_levels(layout, made.values);
  add_gauges(layout, made.values);
  add_histograms(layout, made.values, scratch);
  add_natives(layout, made, scratch);
  add_exemplars(layout, made.exemplars);
  for_each_family(layout, instrument_kind::info, made.values,
                  [](auto &, auto totals) { std::ranges::fill(totals, 1U); });
}

}  // namespace loopmeter::metrics::detail
