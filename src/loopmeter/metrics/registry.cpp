// SPDX-License-Identifier: Apache-2.0
// Families as they come and go. What they say of themselves is checked in registration.cpp.
#include <loopmeter/metrics/registry.hpp>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/metrics/registration.hpp>
#include <loopmeter/metrics/registry_state.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace loopmeter::metrics {
namespace detail {
namespace {

using failure = registration_failure;

bool has_shape(family_definition const &known, family_definition const &asked) {
  return known.kind == asked.kind && known.help == asked.help && known.unit == asked.unit &&
         known.labels == asked.labels && known.place.shape == asked.place.shape &&
         known.has_exemplars == asked.has_exemplars && known.series_limit == asked.series_limit;
}

std::uint64_t series_of(std::vector<label_domain> const &labels) {
  // Saturates far above any cell space, far below an overflow.
  constexpr std::uint64_t limit = std::uint64_t{1} << 40;
  std::uint64_t count = 1;
  for (label_domain const &domain : labels) {
    count = std::min(limit, count * std::min<std::uint64_t>(limit >> 20, domain.values.size()));
  }
  return count;
}

// How many cells a series has, and where its first may lie; the slot of a counter comes to it.
cell_offset set_cells_per_series(family_definition &family) {
  switch (family.kind) {
    case instrument_kind::level:
      family.place.cells_per_series = level::cell_count;
      break;
    case instrument_kind::histogram:
      family.place.cells_per_series = family.place.shape->cells_per_series();
      return cells_per_line;
    case instrument_kind::counter:
    case instrument_kind::float_counter:
    case instrument_kind::gauge:
      family.place.cells_per_series = 1;
      break;
    case instrument_kind::info:
      break;
  }
  return 1;
}

failure no_cells(std::string_view family, allocation_error error, std::uint64_t series) {
  if (error == allocation_error::unavailable) {
    return {registration_errc::cell_space_unavailable,
            in_family(family, "no address space for the shared shard")};
  }
  return {registration_errc::cell_space_exhausted,
          in_family(family, "no cells left for " + std::to_string(series) + " series")};
}

// Where the slots of counters begin in the cells of a closed family: on a line of their own.
std::uint64_t exemplars_behind(std::uint64_t counters) {
  return (counters + cells_per_line - 1) / cells_per_line * cells_per_line;
}

// Gives a closed family its cells.
std::optional<failure> allocate(family_definition &family) {
  cell_offset alignment = set_cells_per_series(family);
  if (family.kind == instrument_kind::info) return std::nullopt;
  std::uint64_t const series = series_of(family.labels);
  std::uint64_t count = series * family.place.cells_per_series;
  bool const has_slots = family.is_counter() && family.has_exemplars;
  if (has_slots) {
    count = exemplars_behind(series) + series * cells_per_line;
    alignment = cells_per_line;
  }
  allocation const cells = allocate_cells(count, alignment);
  if (!cells.first) return no_cells(family.name, cells.error, series);
  family.place.first = *cells.first;
  if (has_slots) {
    family.place.first_exemplar =
        family.place.first + static_cast<cell_offset>(exemplars_behind(series));
    family.place.exemplar_step = cells_per_line;
  }
  family.series_count = static_cast<std::uint32_t>(series);
  return std::nullopt;
}

// The store of an open family; its series get their cells one by one, but for the overflow series:
// when cells run out, what comes then has still a place.
std::optional<failure> open_family_store(family_definition &family) {
  cell_offset const alignment = set_cells_per_series(family);
  if (family.is_counter() && family.has_exemplars) {
    family.place.cells_per_series = 1 + cells_per_line;
    family.place.first = 0;  // wherever a series is, its slot is the cell behind it
    family.place.first_exemplar = 1;
    family.place.exemplar_step = 1;
  }
  allocation const overflow = allocate_cells(family.place.cells_per_series, alignment);
  if (!overflow.first) return no_cells(family.name, overflow.error, 1);
  family.open = &make_open_store(family.labels.size(), family.place.cells_per_series, alignment,
                                 family.series_limit, *overflow.first);
  return std::nullopt;
}

// The names that its series have with any scraper.
std::set<std::string> all_series_names(std::string const &name, metric_type type) {
  std::set<std::string> names;
  for (std::string const &form : {name, legacy_metric_name(name)}) {
    for (std::string &one : series_names(form, type))
      names.insert(std::move(one));
  }
  return names;
}

// Enters a checked family; under the state's mutex.
void enter(registry_state &state, family_definition family) {
  for (std::string const &name : all_series_names(family.name, family.type())) {
    state.family_of_series_name.emplace(name, family.name);
  }
  std::string const name = family.name;
  state.families.emplace(name, std::make_shared<family_definition const>(std::move(family)));
  ++state.generation;
}

void add_self_metrics(registry_state &state) {
  // Nothing can be touched before the space is open. Where it does not open these families have no
  // series; the first registration says why.
  static_cast<void>(allocate_cells(0, 1));
  auto const add = [&state](std::string_view name, std::string_view help, cell_offset first,
                            std::vector<label_domain> labels, std::uint32_t series_count) {
    enter(state, {.name = std::string{name},
                  .help = std::string{help},
                  .kind = instrument_kind::counter,
                  .labels = std::move(labels),
                  .place = {.first = first, .cells_per_series = 1, .shape = nullptr},
                  .series_count = series_count,
                  .start_ms = unix_milliseconds()});
    for (std::uint32_t i = 0; i < series_count; ++i)
      touch(first + i);
  };
  add("loopmeter_collect_errors_total", "Families or series of sources that were left out.",
      fixed_cells::collect_errors,
      {label_domain{"cause", {"exception", "duplicate", "invalid", "late"}}},
      fixed_cells::collect_error_count);
  add("loopmeter_fallback_records_total", "Records of threads that had no shard of their own.",
      fixed_cells::fallback_records, {}, 1);
  add("loopmeter_refused_observations_total",
      "Values that were not recorded: not finite, or negative for a counter.",
      fixed_cells::refused_observations, {}, 1);
  add("loopmeter_series_overflows_total",
      "Lookups of open labels that fell into an overflow series: past a limit, or not UTF-8.",
      fixed_cells::overflows, {}, 1);
  add("loopmeter_torn_reads_total",
      "Histogram reads whose sum may not match their buckets; 0 unless caches are incoherent.",
      fixed_cells::torn_reads, {}, 1);
}

}  // namespace

std::vector<std::string> series_names(std::string const &family, metric_type type) {
  switch (type) {
    case metric_type::histogram:
      return {family, family + "_bucket", family + "_sum", family + "_count"};
    case metric_type::summary:
      return {family, family + "_sum", family + "_count"};
    default:
      return {family};
  }
}

}  // namespace detail

registry::registry(registry_options options) : state_{std::make_unique<detail::registry_state>()} {
  if (options.self_metrics) detail::add_self_metrics(*state_);
}

registry::~registry() = default;

namespace detail {
namespace {

// Finds the family of that name or makes it of `asked`, which is checked; `give_cells` is what a
// new one needs.
template <class GiveCells>
result<std::shared_ptr<family_definition const>> find_or_enter(registry_state &state,
                                                               family_definition asked,
                                                               GiveCells give_cells) {
  std::lock_guard const lock{state.mutex};
  if (auto const known = state.families.find(asked.name); known != state.families.end()) {
    if (has_shape(*known->second, asked)) return known->second;
    return failure{
        registration_errc::shape_conflict,
        in_family(asked.name, "is registered with another kind, help, unit, label or bound")};
  }
  for (std::string const &name : all_series_names(asked.name, asked.type())) {
    auto const other = state.family_of_series_name.find(name);
    if (other == state.family_of_series_name.end()) continue;
    return failure{
        registration_errc::name_clash,
        in_family(asked.name, "'" + name + "' is a series of the family '" + other->second + "'")};
  }
  if (auto refused = give_cells(asked)) return *std::move(refused);
  asked.start_ms = unix_milliseconds();
  std::string const name = asked.name;
  enter(state, std::move(asked));
  return state.families.find(name)->second;
}

family_definition definition_of(instrument_kind kind, histogram_options const &options,
                                std::vector<label_domain> labels) {
  family_definition asked{.name = std::string{options.name},
                          .help = std::string{options.help},
                          .unit = std::string{options.unit},
                          .kind = kind,
                          .labels = std::move(labels),
                          .place = {},
                          .has_exemplars = options.exemplars};
  if (kind == instrument_kind::histogram) {
    asked.place.shape = &intern_shape(options.bounds, options.native, options.exemplars);
  }
  return asked;
}

}  // namespace
}  // namespace detail

histogram_options registry::widen(family_options const &options) {
  return {.name = options.name,
          .help = options.help,
          .unit = options.unit,
          .allow_target_labels = options.allow_target_labels,
          .allow_utf8_names = options.allow_utf8_names,
          .series_limit = options.series_limit};
}

histogram_options registry::widen(counter_options const &options) {
  return {.name = options.name,
          .help = options.help,
          .unit = options.unit,
          .exemplars = options.exemplars,
          .allow_target_labels = options.allow_target_labels,
          .allow_utf8_names = options.allow_utf8_names,
          .series_limit = options.series_limit};
}

result<detail::family_place> registry::add(kind of, histogram_options const &options,
                                           std::vector<label_domain> labels) {
  if (auto failure = detail::check(options, of, labels, false)) return *std::move(failure);
  auto const found = detail::find_or_enter(
      *state_, detail::definition_of(of, options, std::move(labels)), detail::allocate);
  if (!found) return found.failure();
  detail::family_definition const &family = *found.value();
  // One series without a choice of labels has nothing to wait for.
  if (family.labels.empty()) detail::touch(family.place.first);
  return family.place;
}

result<detail::open_place> registry::add_open_place(kind of, histogram_options const &options,
                                                    std::span<std::string_view const> labels) {
  std::vector<label_domain> domains;
  domains.reserve(labels.size());
  for (std::string_view const name : labels)
    domains.emplace_back(name, std::initializer_list<std::string_view>{});
  if (auto failure = detail::check(options, of, domains, true)) return *std::move(failure);
  auto asked = detail::definition_of(of, options, std::move(domains));
  asked.series_limit = std::max<std::size_t>(1, options.series_limit);
  auto const found = detail::find_or_enter(*state_, std::move(asked), detail::open_family_store);
  if (!found) return found.failure();
  detail::family_definition const &family = *found.value();
  return detail::open_place{.store = family.open, .place = family.place};
}

result<counter> registry::add_counter(counter_options const &options) {
  auto const place = add(kind::counter, widen(options), {});
  if (!place) return place.failure();
  return detail::make_handle<counter>(place.value().first, place.value());
}

result<float_counter> registry::add_float_counter(counter_options const &options) {
  auto const place = add(kind::float_counter, widen(options), {});
  if (!place) return place.failure();
  return detail::make_handle<float_counter>(place.value().first, place.value());
}

result<gauge> registry::add_gauge(family_options const &options) {
  auto const place = add(kind::gauge, widen(options), {});
  if (!place) return place.failure();
  return gauge{place.value().first};
}

result<level> registry::add_level(family_options const &options) {
  auto const place = add(kind::level, widen(options), {});
  if (!place) return place.failure();
  return level{place.value().first};
}

result<histogram> registry::add_histogram(histogram_options const &options) {
  auto const place = add(kind::histogram, options, {});
  if (!place) return place.failure();
  return histogram{place.value().first, *place.value().shape};
}

result<info> registry::add_info(family_options const &options, std::vector<label> const &labels) {
  std::vector<label_domain> domains;
  domains.reserve(labels.size());
  for (label const &one : labels)
    domains.emplace_back(one.name, std::vector{one.value});
  auto const place = add(kind::info, widen(options), std::move(domains));
  if (!place) return place.failure();
  return info{};
}

bool registry::remove_family(std::string_view name) {
  std::lock_guard const lock{state_->mutex};
  auto const found = state_->families.find(std::string{name});
  if (found == state_->families.end()) return false;
  std::erase_if(state_->family_of_series_name,
                [name](auto const &entry) { return entry.second == name; });
  state_->removed.erase(found->first);
  state_->resets.erase(found->first);
  state_->families.erase(found);
  ++state_->generation;
  return true;
}

bool registry::remove_series(std::string_view name, std::vector<label> const &labels) {
  std::lock_guard const lock{state_->mutex};
  auto const found = state_->families.find(std::string{name});
  if (found == state_->families.end()) return false;
  detail::family_definition const &family = *found->second;
  if (labels.size() != family.labels.size()) return false;
  std::vector<std::string_view> values;
  std::uint32_t number = 0;
  for (label_domain const &domain : family.labels) {
    auto const given = std::ranges::find(labels, domain.name, &label::name);
    if (given == labels.end()) return false;
    values.push_back(given->value);
    if (family.open != nullptr) continue;
    auto const position = std::ranges::find(domain.values, given->value);
    if (position == domain.values.end()) return false;
    number = number * static_cast<std::uint32_t>(domain.values.size()) +
             static_cast<std::uint32_t>(position - domain.values.begin());
  }
  if (family.open != nullptr) return family.open->remove(values);
  ++state_->generation;
  return state_->removed[family.name].insert(number).second;
}

registry::source_id registry::add_source(source give) {
  return state_->sources.add(std::move(give));
}

void registry::remove_source(source_id id) {
  state_->sources.remove(id);
}

}  // namespace loopmeter::metrics
