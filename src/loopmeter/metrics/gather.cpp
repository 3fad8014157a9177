// SPDX-License-Identifier: Apache-2.0
// The pass over all shards. Writers go on meanwhile; what a gather may take from them is written at
// each load.
#include <loopmeter/metrics/gather.hpp>

#include <loopmeter/metrics/registry_state.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace loopmeter::metrics {
namespace detail {
namespace {

// Gathers of all registries take turns, since they share the epoch. Also: what one gather has read
// happens before what the next reads, so that no cell seems to fall.
constinit std::mutex gather_mutex;
gather_statistics statistics_so_far;  // under the mutex

layout make_layout(registry_state const &state) {
  layout made;
  for (auto const &[name, definition] : state.families) {
    family_layout family{.definition = definition, .series = {}, .first_value = made.value_count};
    family_place const &place = definition->place;
    for (std::uint32_t series = 0; series < definition->series_count; ++series) {
      bool const exposed = definition->kind == instrument_kind::info ||
                           touched(place.first + series * place.cells_per_series);
      if (exposed) family.series.push_back(series);
    }
    if (family.series.empty()) continue;
    made.value_count += family.series.size() * definition->values_per_series();
    made.families.push_back(std::move(family));
  }
  return made;
}

// The layout of now; under the state's mutex. It stays the same object while it would be equal,
// for what others derive from it.
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

void count_error(collect_error cause, std::size_t n) {
  counter{fixed_cells::collect_errors + static_cast<cell_offset>(cause)}.inc(n);
}

std::vector<foreign_family> ask_sources(registry_state &state) {
  std::vector<foreign_family> all;
  std::lock_guard const lock{state.sources_mutex};
  for (auto const &[id, give] : state.sources) {
    try {
      for (foreign_family &family : give()) {
        count_error(collect_error::invalid, remove_invalid(family));
        if (!family.series.empty()) all.push_back(std::move(family));
      }
    } catch (...) {
      count_error(collect_error::exception, 1);
    }
  }
  return all;
}

// Takes out families that have a series name in common with another; under the state's mutex.
void remove_duplicates(registry_state const &state, std::vector<foreign_family> &families) {
  std::set<std::string> taken;
  std::size_t const left_out = std::erase_if(families, [&](foreign_family const &family) {
    auto const names = series_names(family.name, family.type);
    auto const is_taken = [&](std::string const &name) {
      return state.family_of_series_name.contains(name) || taken.contains(name);
    };
    if (std::ranges::any_of(names, is_taken)) return true;
    taken.insert(names.begin(), names.end());
    return false;
  });
  count_error(collect_error::duplicate, left_out);
}

// The offset of an exposed series' first cell.
cell_offset first_cell(family_layout const &family, std::size_t position) {
  family_place const &place = family.definition->place;
  return place.first + family.series[position] * place.cells_per_series;
}

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

void add_counters(layout const &layout, std::span<std::uint64_t> values) {
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    for_each_family(layout, instrument_kind::counter, values, [from](auto &family, auto totals) {
      for (std::size_t i = 0; i < totals.size(); ++i) {
        // relaxed: each cell only grows, and reads of one cell never go back in its order.
        totals[i] += from->cells[first_cell(family, i)].load(std::memory_order_relaxed);
      }
    });
    // Doubles too: shards are visited in one order and new ones come first, with 0, so that the
    // rounded sum of sums that grow does not fall.
    for_each_family(
        layout, instrument_kind::float_counter, values, [from](auto &family, auto totals) {
          for (std::size_t i = 0; i < totals.size(); ++i) {
            // relaxed: as above.
            auto const bits = from->cells[first_cell(family, i)].load(std::memory_order_relaxed);
            totals[i] = to_bits(to_double(totals[i]) + to_double(bits));
          }
        });
  }
}

// All downs before any up. Whoever reads a down (acquire) sees the up that came before it, so with
// the ups read afterwards the difference is not negative. The list of shards is taken anew for the
// ups: the shard of such an up may have joined it meanwhile.
void add_levels(layout const &layout, std::span<std::uint64_t> values) {
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    for_each_family(layout, instrument_kind::level, values, [from](auto &family, auto totals) {
      for (std::size_t i = 0; i < totals.size(); ++i) {
        cell const &downs = from->cells[first_cell(family, i) + 1];
        totals[i] -= downs.load(std::memory_order_acquire);  // acquire: see above
      }
    });
  }
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    for_each_family(layout, instrument_kind::level, values, [from](auto &family, auto totals) {
      for (std::size_t i = 0; i < totals.size(); ++i) {
        // relaxed: that it is not older than the downs was settled by their acquire.
        totals[i] += from->cells[first_cell(family, i)].load(std::memory_order_relaxed);
      }
    });
  }
}

void add_gauges(layout const &layout, std::span<std::uint64_t> values) {
  // acquire: pairs with the opening of the cell space.
  cell const *const cells = shared_cells.load(std::memory_order_acquire);
  for_each_family(layout, instrument_kind::gauge, values, [cells](auto &family, auto totals) {
    for (std::size_t i = 0; i < totals.size(); ++i) {
      // relaxed: a gauge stands for itself.
      totals[i] = cells[first_cell(family, i)].load(std::memory_order_relaxed);
    }
  });
}

// Adds one side of one histogram, of all shards, to its totals: buckets, then sum.
void add_side(family_layout const &family, cell_offset offset, std::span<std::uint64_t> totals) {
  std::array<std::uint64_t, histogram_bounds_max + 1> reading_buckets;
  std::span const buckets{reading_buckets.data(), family.definition->place.shape->bucket_count()};
  std::uint64_t &sum = totals[buckets.size()];
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    set_reading const reading = read_set(from->cells + offset, buckets);
    for (std::size_t i = 0; i < buckets.size(); ++i)
      totals[i] += buckets[i];
    sum = to_bits(to_double(sum) + reading.sum);

    ++statistics_so_far.reads;
    statistics_so_far.retries += static_cast<std::uint64_t>(reading.attempts - 1);
    statistics_so_far.attempts_max = std::max(statistics_so_far.attempts_max, reading.attempts);
    if (reading.torn) {
      ++statistics_so_far.torn;
      counter{fixed_cells::torn_reads}.inc();
    }
  }
}

// Reads both sides, each after the epoch has sent the writers to the other. What is read is thus
// all that came before the second turn, but for one observation per thread that was under way.
void add_histograms(layout const &layout, std::span<std::uint64_t> values) {
  bool const any = std::ranges::any_of(layout.families, [](family_layout const &family) {
    return family.definition->kind == instrument_kind::histogram;
  });
  if (!any) return;
  for (int turn = 0; turn < 2; ++turn) {
    // seq_cst: not for what is read, which is right on either side at any time, but so that the
    // turn is out of this core's store buffer before the reading begins. Each gather turns twice,
    // so it reads side 0 first: the order of additions, and with it the rounding, stays the same.
    std::uint64_t const side = epoch.value.fetch_add(1, std::memory_order_seq_cst) & 1;
    for_each_family(layout, instrument_kind::histogram, values, [side](auto &family, auto totals) {
      auto const side_offset =
          static_cast<cell_offset>(side * family.definition->place.shape->cells_per_set);
      std::size_t const count = family.definition->values_per_series();
      for (std::size_t i = 0; i < family.series.size(); ++i) {
        add_side(family, first_cell(family, i) + side_offset, totals.subspan(i * count, count));
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

}  // namespace
}  // namespace detail

void gather(registry const &registry, snapshot &reused) {
  detail::registry_state &state = *registry.state_;
  // Sources first and without the other locks: they may take their time.
  reused.foreign = detail::ask_sources(state);
  {
    std::lock_guard const lock{state.mutex};
    detail::remove_duplicates(state, reused.foreign);
    reused.layout = detail::layout_of(state);
  }
  std::ranges::sort(reused.foreign, {}, &foreign_family::name);

  detail::layout const &layout = *reused.layout;
  reused.values.assign(layout.value_count, 0);
  std::lock_guard const lock{detail::gather_mutex};
  detail::add_counters(layout, reused.values);
  detail::add_levels(layout, reused.values);
  detail::add_gauges(layout, reused.values);
  detail::add_histograms(layout, reused.values);
  detail::for_each_family(layout, detail::instrument_kind::info, reused.values,
                          [](auto &, auto totals) { std::ranges::fill(totals, 1U); });
}

snapshot gather(registry const &registry) {
  snapshot fresh;
  gather(registry, fresh);
  return fresh;
}

gather_statistics statistics() noexcept {
  std::lock_guard const lock{detail::gather_mutex};
  return detail::statistics_so_far;
}

}  // namespace loopmeter::metrics
