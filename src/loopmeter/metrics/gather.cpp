// SPDX-License-Identifier: Apache-2.0
// A snapshot from its parts: what sources give, what the shards have, less what was reset.
#include <loopmeter/metrics/gather.hpp>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/metrics/registry_state.hpp>
#include <loopmeter/metrics/shard.hpp>
#include <loopmeter/metrics/totals.hpp>

#include <algorithm>
#include <mutex>
#include <set>
#include <span>

namespace loopmeter::metrics {
namespace detail {
namespace {

// Gathers of all registries take turns, since they share the epoch. Also: what one gather has read
// happens before what the next reads, so that no cell seems to fall.
constinit std::mutex gather_mutex;
gather_statistics statistics_so_far;  // under the mutex

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
      auto const found = family.reset->before.find(family.first_cell(i));
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
      auto const known = state.schemas.find(family.first_cell(i));
      if (known != state.schemas.end()) lower_schema(native, known->second);
      auto const too_many = [&] {
        return native.positive.size() + native.negative.size() > options.bucket_limit;
      };
      while (too_many() && native.schema > native_schema_min)
        lower_schema(native, native.schema - 1);
      if (native.schema < options.schema) state.schemas[family.first_cell(i)] = native.schema;
    }
  }
}

}  // namespace
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
  detail::add_up(*reused.layout, reused, detail::statistics_so_far);
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
  detail::add_up(*current, now, detail::statistics_so_far);
  reset->at_ms = unix_milliseconds();
  std::size_t const count = definition.values_per_series();
  for (std::size_t i = 0; i < found->series.size(); ++i) {
    auto const first =
        now.values.begin() + static_cast<std::ptrdiff_t>(found->first_value + i * count);
    detail::cell_offset const cell = found->first_cell(i);
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
