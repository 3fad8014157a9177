// SPDX-License-Identifier: Apache-2.0
// Registration: what a family says of itself is checked here once, so that recording and encoding
// need not.
#include <loopmeter/metrics/registry.hpp>

#include <loopmeter/metrics/registry_state.hpp>
#include <loopmeter/metrics/shard.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace loopmeter::metrics {
namespace detail {
namespace {

using failure = registration_failure;

std::string in_family(std::string_view family, std::string_view what) {
  return "family '" + std::string{family} + "': " + std::string{what};
}

std::optional<failure> check_label(family_options const &options, instrument_kind kind,
                                   label_domain const &domain) {
  auto const fail = [&](registration_errc code, std::string_view what) {
    std::string const message = "label '" + domain.name + "' " + std::string{what};
    return failure{code, in_family(options.name, message)};
  };
  if (!is_label_name(domain.name)) {
    return fail(registration_errc::bad_label_name, "is not [a-zA-Z_][a-zA-Z0-9_]*");
  }
  if (domain.name.starts_with("__")) {
    return fail(registration_errc::reserved_label, "begins with __, which Prometheus keeps");
  }
  if (kind == instrument_kind::histogram && domain.name == "le") {
    return fail(registration_errc::reserved_label, "is the bound of a histogram's bucket");
  }
  if (!options.allow_target_labels && is_target_label(domain.name)) {
    return fail(registration_errc::reserved_label,
                "is written on the target by scraping and would return as exported_" + domain.name);
  }
  if (domain.values.empty()) return fail(registration_errc::empty_domain, "has no values");
  std::set<std::string_view> seen;
  for (std::string const &value : domain.values) {
    if (!is_utf8(value)) {
      return fail(registration_errc::invalid_utf8, "has the value '" + value + "', not UTF-8");
    }
    if (!seen.insert(value).second) {
      return fail(registration_errc::duplicate_value, "has the value '" + value + "' twice");
    }
  }
  return std::nullopt;
}

std::optional<failure> check_bounds(std::string_view family, std::span<double const> bounds) {
  auto const fail = [&](std::string_view what) {
    return failure{registration_errc::bad_bounds, in_family(family, what)};
  };
  if (bounds.size() > histogram_bounds_max) {
    return fail("more than " + std::to_string(histogram_bounds_max) + " bounds");
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    std::string const place = "bound " + std::to_string(i);
    if (!std::isfinite(bounds[i])) return fail(place + " is not finite (+Inf is added)");
    if (i > 0 && bounds[i] <= bounds[i - 1]) return fail(place + " is not above the one before");
  }
  return std::nullopt;
}

std::optional<failure> check(family_options const &options, instrument_kind kind,
                             std::span<double const> bounds,
                             std::vector<label_domain> const &labels) {
  if (!is_metric_name(options.name)) {
    return failure{registration_errc::bad_metric_name,
                   in_family(options.name, "the name is not [a-zA-Z_:][a-zA-Z0-9_:]*")};
  }
  if (!is_utf8(options.help)) {
    return failure{registration_errc::invalid_utf8, in_family(options.name, "help is not UTF-8")};
  }
  std::set<std::string_view> names;
  for (label_domain const &domain : labels) {
    if (auto found = check_label(options, kind, domain)) return found;
    if (!names.insert(domain.name).second) {
      return failure{registration_errc::duplicate_label,
                     in_family(options.name, "label '" + domain.name + "' occurs twice")};
    }
  }
  return check_bounds(options.name, bounds);
}

bool has_shape(family_definition const &known, family_definition const &asked) {
  return known.kind == asked.kind && known.help == asked.help && known.labels == asked.labels &&
         known.place.shape == asked.place.shape;
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

// Gives the family its cells.
std::optional<failure> allocate(family_definition &family) {
  std::uint64_t const series = series_of(family.labels);
  family_place &place = family.place;
  cell_offset alignment = 1;
  switch (family.kind) {
    case instrument_kind::info:
      return std::nullopt;
    case instrument_kind::level:
      place.cells_per_series = level::cell_count;
      break;
    case instrument_kind::histogram:
      place.cells_per_series = place.shape->cells_per_series();
      alignment = cells_per_line;
      break;
    case instrument_kind::counter:
    case instrument_kind::float_counter:
    case instrument_kind::gauge:
      place.cells_per_series = 1;
      break;
  }
  allocation const cells = allocate_cells(series * place.cells_per_series, alignment);
  if (!cells.first) {
    if (cells.error == allocation_error::unavailable) {
      return failure{registration_errc::cell_space_unavailable,
                     in_family(family.name, "no address space for the shared shard")};
    }
    std::string const count = std::to_string(series);
    return failure{registration_errc::cell_space_exhausted,
                   in_family(family.name, "no cells left for " + count + " series")};
  }
  place.first = *cells.first;
  family.series_count = static_cast<std::uint32_t>(series);
  return std::nullopt;
}

// Enters a checked family; under the state's mutex.
void enter(registry_state &state, family_definition family) {
  for (std::string const &name : series_names(family.name, family.type())) {
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
                  .series_count = series_count});
    for (std::uint32_t i = 0; i < series_count; ++i)
      touch(first + i);
  };
  add("loopmeter_collect_errors_total", "Families or series of sources that were left out.",
      fixed_cells::collect_errors, {label_domain{"cause", {"exception", "duplicate", "invalid"}}},
      fixed_cells::collect_error_count);
  add("loopmeter_fallback_records_total", "Records of threads that had no shard of their own.",
      fixed_cells::fallback_records, {}, 1);
  add("loopmeter_refused_observations_total",
      "Values that were not recorded: not finite, or negative for a counter.",
      fixed_cells::refused_observations, {}, 1);
  add("loopmeter_torn_reads_total",
      "Histogram reads whose sum may not match their buckets; 0 unless caches are incoherent.",
      fixed_cells::torn_reads, {}, 1);
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

char const *name_of(registration_errc code) noexcept {
  switch (code) {
    case registration_errc::bad_metric_name:
      return "bad_metric_name";
    case registration_errc::bad_label_name:
      return "bad_label_name";
    case registration_errc::reserved_label:
      return "reserved_label";
    case registration_errc::duplicate_label:
      return "duplicate_label";
    case registration_errc::duplicate_value:
      return "duplicate_value";
    case registration_errc::empty_domain:
      return "empty_domain";
    case registration_errc::invalid_utf8:
      return "invalid_utf8";
    case registration_errc::bad_bounds:
      return "bad_bounds";
    case registration_errc::shape_conflict:
      return "shape_conflict";
    case registration_errc::name_clash:
      return "name_clash";
    case registration_errc::cell_space_exhausted:
      return "cell_space_exhausted";
    case registration_errc::cell_space_unavailable:
      return "cell_space_unavailable";
  }
  return "unknown";
}

registry::registry(registry_options options) : state_{std::make_unique<detail::registry_state>()} {
  if (options.self_metrics) detail::add_self_metrics(*state_);
}

registry::~registry() = default;

result<detail::family_place> registry::add(kind of, family_options const &options,
                                           std::span<double const> bounds,
                                           std::vector<label_domain> labels) {
  if (auto failure = detail::check(options, of, bounds, labels)) return *std::move(failure);
  detail::family_definition asked{.name = std::string{options.name},
                                  .help = std::string{options.help},
                                  .kind = of,
                                  .labels = std::move(labels),
                                  .place = {}};
  if (of == kind::histogram) asked.place.shape = &detail::intern_shape(bounds);

  std::lock_guard const lock{state_->mutex};
  if (auto const known = state_->families.find(asked.name); known != state_->families.end()) {
    if (detail::has_shape(*known->second, asked)) return known->second->place;
    return registration_failure{
        registration_errc::shape_conflict,
        detail::in_family(asked.name, "is registered with another kind, help, label or bound")};
  }
  for (std::string const &name : detail::series_names(asked.name, asked.type())) {
    auto const other = state_->family_of_series_name.find(name);
    if (other == state_->family_of_series_name.end()) continue;
    return registration_failure{
        registration_errc::name_clash,
        detail::in_family(asked.name,
                          "'" + name + "' is a series of the family '" + other->second + "'")};
  }
  if (auto failure = detail::allocate(asked)) return *std::move(failure);
  detail::family_place const place = asked.place;
  // One series without a choice of labels has nothing to wait for.
  if (asked.labels.empty()) detail::touch(place.first);
  detail::enter(*state_, std::move(asked));
  return place;
}

result<counter> registry::add_counter(family_options const &options) {
  auto const place = add(kind::counter, options, {}, {});
  if (!place) return place.failure();
  return counter{place.value().first};
}

result<float_counter> registry::add_float_counter(family_options const &options) {
  auto const place = add(kind::float_counter, options, {}, {});
  if (!place) return place.failure();
  return float_counter{place.value().first};
}

result<gauge> registry::add_gauge(family_options const &options) {
  auto const place = add(kind::gauge, options, {}, {});
  if (!place) return place.failure();
  return gauge{place.value().first};
}

result<level> registry::add_level(family_options const &options) {
  auto const place = add(kind::level, options, {}, {});
  if (!place) return place.failure();
  return level{place.value().first};
}

result<histogram> registry::add_histogram(histogram_options const &options) {
  auto const place = add(kind::histogram, {options.name, options.help, options.allow_target_labels},
                         options.bounds, {});
  if (!place) return place.failure();
  return histogram{place.value().first, *place.value().shape};
}

result<info> registry::add_info(family_options const &options, std::vector<label> const &labels) {
  std::vector<label_domain> domains;
  domains.reserve(labels.size());
  for (label const &one : labels)
    domains.emplace_back(one.name, std::vector{one.value});
  auto const place = add(kind::info, options, {}, std::move(domains));
  if (!place) return place.failure();
  return info{};
}

registry::source_id registry::add_source(source give) {
  std::lock_guard const lock{state_->sources_mutex};
  state_->sources.emplace_back(state_->next_source, std::move(give));
  return state_->next_source++;
}

void registry::remove_source(source_id id) {
  std::lock_guard const lock{state_->sources_mutex};
  std::erase_if(state_->sources, [id](auto const &known) { return known.first == id; });
}

}  // namespace loopmeter::metrics
