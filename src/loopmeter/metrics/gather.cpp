// SPDX-License-Identifier: Apache-2.0
// The pass over all shards. Writers go on meanwhile; what a gather may take from them is written at
// each load.
#include <loopmeter/metrics/gather.hpp>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/metrics/registry_state.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>

namespace loopmeter::metrics {
namespace detail {
namespace {

// Gathers of all registries take turns, since they share the epoch. Also: what one gather has read
// happens before what the next reads, so that no cell seems to fall.
constinit std::mutex gather_mutex;
gather_statistics statistics_so_far;  // under the mutex

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
  return family.series[position].first_cell;
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

// What a gather of histograms uses over and over.
struct histogram_scratch {
  native_counts read;               // of one set
  std::vector<native_counts> sums;  // of each native series; only as many as a layout has
};

// Adds one side of one histogram, of all shards, to its totals: buckets, then sum.
void add_side(histogram_shape const &shape, cell_offset offset, std::span<std::uint64_t> totals,
              native_counts &read, native_counts *native) {
  std::array<std::uint64_t, histogram_bounds_max + 1> reading_buckets;
  std::span const buckets{reading_buckets.data(), shape.bucket_count()};
  std::uint64_t &sum = totals[buckets.size()];
  for (shard const *from = first_shard(); from != nullptr; from = from->next) {
    set_reading const reading = read_set(from->cells + offset, shape, buckets, read);
    for (std::size_t i = 0; i < buckets.size(); ++i)
      totals[i] += buckets[i];
    sum = to_bits(to_double(sum) + reading.sum);
    if (native != nullptr) native->add(read);

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
void add_histograms(layout const &layout, std::span<std::uint64_t> values,
                    histogram_scratch &scratch) {
  bool const any = std::ranges::any_of(layout.families, [](family_layout const &family) {
    return family.definition->kind == instrument_kind::histogram;
  });
  if (!any) return;
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
        add_side(shape, first_cell(family, i) + side_offset, totals.subspan(i * count, count),
                 scratch.read, native);
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

// The newest exemplar of each slot of a series, of all shards.
void add_exemplars_of(histogram_shape const &shape, cell_offset first, std::size_t first_value,
                      std::vector<exemplar> &exemplars) {
  bool const by_bucket = shape.exemplar_count == shape.bucket_count();
  for (std::uint32_t i = 0; i < shape.exemplar_count; ++i) {
    cell_offset const slot = first + shape.first_exemplar() + i * cells_per_line;
    std::optional<exemplar> newest;
    for (shard const *from = first_shard(); from != nullptr; from = from->next) {
      auto const read = read_exemplar(from->cells + slot);
      if (read && (!newest || read->timestamp_ms > newest->timestamp_ms)) newest = read;
    }
    if (!newest) continue;
    newest->value_index = first_value + (by_bucket ? i : 0);
    exemplars.push_back(*newest);
  }
}

void add_exemplars(layout const &layout, std::vector<exemplar> &exemplars) {
  exemplars.clear();
  for (family_layout const &family : layout.families) {
    if (family.definition->kind != instrument_kind::histogram) continue;
    histogram_shape const &shape = *family.definition->place.shape;
    std::size_t const count = family.definition->values_per_series();
    for (std::size_t i = 0; i < family.series.size() && shape.exemplar_count != 0; ++i) {
      add_exemplars_of(shape, first_cell(family, i), family.first_value + i * count, exemplars);
    }
  }
}

// All that is in the shards, as it is; under gather_mutex.
void gather_cells(layout const &layout, snapshot &made) {
  static histogram_scratch scratch;
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

// Takes away what a series had when its family was reset.
void subtract_values(family_definition const &family, std::span<std::uint64_t> values,
                     std::span<std::uint64_t const> before) {
  auto const is_double = [&](std::size_t i) {
    if (family.kind != instrument_kind::histogram)
      return family.kind_of_values() == value_kind::f64;
    return i + 2 == values.size();  // the sum
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] =
        is_double(i) ? to_bits(to_double(values[i]) - to_double(before[i])) : values[i] - before[i];
  }
}

void apply_resets(layout const &layout, snapshot &made) {
  for (family_layout const &family : layout.families) {
    if (family.reset == nullptr) continue;
    std::size_t const count = family.definition->values_per_series();
    for (std::size_t i = 0; i < family.series.size(); ++i) {
      auto const found = family.reset->before.find(first_cell(family, i));
      if (found == family.reset->before.end()) continue;  // it began later
      series_values const &before = found->second;
      std::span const values{made.values};
      subtract_values(*family.definition, values.subspan(family.first_value + i * count, count),
                      before.values);
      if (!family.definition->is_native()) continue;
      native_histogram &native = made.natives[family.first_native + i];
      native_histogram earlier = before.native;
      lower_schema(earlier, native.schema);  // a value beyond the fine buckets came meanwhile
      subtract(native, earlier);
    }
  }
}

// Lowers native parts to what was asked, and further where they have too many buckets; the schema
// of a series never rises again, or Prometheus would see a reset. Under gather_mutex.
void lower_schemas(layout const &layout, registry_state &state, snapshot &made) {
  for (family_layout const &family : layout.families) {
    if (!family.definition->is_native()) continue;
    native_options const &options = family.definition->place.shape->native->options;
    for (std::size_t i = 0; i < family.series.size(); ++i) {
      native_histogram &native = made.natives[family.first_native + i];
      lower_schema(native, options.schema);
      auto const known = state.schemas.find(first_cell(family, i));
      if (known != state.schemas.end()) lower_schema(native, known->second);
      auto const too_many = [&] {
        return native.positive.size() + native.negative.size() > options.bucket_limit;
      };
      while (too_many() && native.schema > native_schema_min)
        lower_schema(native, native.schema - 1);
      if (native.schema < options.schema) state.schemas[first_cell(family, i)] = native.schema;
    }
  }
}

}  // namespace
}  // namespace detail

namespace detail {

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

}  // namespace detail

void gather(registry const &registry, snapshot &reused, std::chrono::milliseconds collect_time) {
  detail::registry_state &state = *registry.state_;
  // Sources first and without the other locks: they may take their time.
  reused.foreign = state.sources.ask(collect_time);
  {
    std::lock_guard const lock{state.mutex};
    detail::remove_duplicates(state, reused.foreign);
    reused.layout = detail::layout_of(state);
  }
  std::ranges::sort(reused.foreign, {}, &foreign_family::name);

  std::lock_guard const lock{detail::gather_mutex};
  detail::gather_cells(*reused.layout, reused);
  detail::apply_resets(*reused.layout, reused);
  detail::lower_schemas(*reused.layout, state, reused);
}

bool registry::reset_family(std::string_view name) {
  std::lock_guard const lock{state_->mutex};
  auto const current = detail::layout_of(*state_);
  auto const found = std::ranges::find_if(
      current->families, [name](auto const &family) { return family.definition->name == name; });
  if (found == current->families.end()) return false;
  detail::family_definition const &definition = *found->definition;
  bool const counts =
      definition.type() == metric_type::counter || definition.type() == metric_type::histogram;
  if (!counts) return false;

  auto reset = std::make_shared<detail::family_reset>();
  std::lock_guard const turn{detail::gather_mutex};
  snapshot now;
  detail::gather_cells(*current, now);
  reset->at_ms = unix_milliseconds();
  std::size_t const count = definition.values_per_series();
  for (std::size_t i = 0; i < found->series.size(); ++i) {
    auto const first =
        now.values.begin() + static_cast<std::ptrdiff_t>(found->first_value + i * count);
    detail::cell_offset const cell = detail::first_cell(*found, i);
    reset->before[cell] = {.values = {first, first + static_cast<std::ptrdiff_t>(count)},
                           .native = definition.is_native() ? now.natives[found->first_native + i]
                                                            : native_histogram{}};
    state_->schemas.erase(cell);
  }
  state_->resets[definition.name] = std::move(reset);
  ++state_->generation;
  return true;
}

snapshot gather(registry const &registry, std::chrono::milliseconds collect_time) {
  snapshot fresh;
  gather(registry, fresh, collect_time);
  return fresh;
}

gather_statistics statistics() noexcept {
  std::lock_guard const lock{detail::gather_mutex};
  return detail::statistics_so_far;
}

}  // namespace loopmeter::metrics
