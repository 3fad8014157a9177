// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/registration.hpp>

#include <cmath>
#include <set>
#include <span>

namespace loopmeter::metrics {
namespace detail {
namespace {

using failure = registration_failure;

std::optional<failure> check_label(histogram_options const &options, instrument_kind kind,
                                   label_domain const &domain, bool open) {
  auto const fail = [&](registration_errc code, std::string_view what) {
    std::string const message = "label '" + domain.name + "' " + std::string{what};
    return failure{code, in_family(options.name, message)};
  };
  bool const is_name = is_label_name(domain.name) ||
                       (options.allow_utf8_names && !domain.name.empty() && is_utf8(domain.name));
  if (!is_name) {
    return fail(registration_errc::bad_label_name, "is not [a-zA-Z_][a-zA-Z0-9_]*");
  }
  if (legacy_label_name(domain.name).starts_with("__")) {
    return fail(registration_errc::reserved_label, "begins with __, which Prometheus keeps");
  }
  if (kind == instrument_kind::histogram && domain.name == "le") {
    return fail(registration_errc::reserved_label, "is the bound of a histogram's bucket");
  }
  if (!options.allow_target_labels && is_target_label(domain.name)) {
    return fail(registration_errc::reserved_label,
                "is written on the target by scraping and would return as exported_" + domain.name);
  }
  if (domain.values.empty() && !open) return fail(registration_errc::empty_domain, "has no values");
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

std::optional<failure> check_native(std::string_view family, native_options const &native) {
  auto const fail = [&](std::string_view what) {
    return failure{registration_errc::bad_native, in_family(family, what)};
  };
  if (native.schema < native_schema_min || native.schema > native_schema_max) {
    return fail("the native schema " + std::to_string(native.schema) + " is not -4 to 8");
  }
  if (native.bucket_limit == 0) return fail("a native histogram without buckets");
  if (!(native.zero_threshold >= native_threshold_min && native.zero_threshold <= 1)) {
    return fail("the zero threshold is not 2^-64 to 1");
  }
  bool const is_expected =
      native.expected_max <= native_expected_max && native.expected_max > native.zero_threshold;
  if (!is_expected) return fail("the largest value expected is not the zero threshold to 2^64");
  return std::nullopt;
}

// The unit is the last word of the name, before _total.
bool has_unit(std::string_view name, std::string_view unit) {
  if (name.ends_with("_total")) name.remove_suffix(std::string_view{"_total"}.size());
  return name.size() > unit.size() && name.ends_with(unit) &&
         name[name.size() - unit.size() - 1] == '_';
}

}  // namespace

std::string in_family(std::string_view family, std::string_view what) {
  return "family '" + std::string{family} + "': " + std::string{what};
}

std::optional<registration_failure> check(histogram_options const &options, instrument_kind kind,
                                          std::vector<label_domain> const &labels, bool open) {
  bool const is_name = is_metric_name(options.name) ||
                       (options.allow_utf8_names && !options.name.empty() && is_utf8(options.name));
  if (!is_name) {
    return failure{registration_errc::bad_metric_name,
                   in_family(options.name, "the name is not [a-zA-Z_:][a-zA-Z0-9_:]*")};
  }
  if (!is_utf8(options.help)) {
    return failure{registration_errc::invalid_utf8, in_family(options.name, "help is not UTF-8")};
  }
  if (!options.unit.empty() && !has_unit(options.name, options.unit)) {
    return failure{registration_errc::bad_unit,
                   in_family(options.name, "the name does not end in the unit '" +
                                               std::string{options.unit} + "'")};
  }
  std::set<std::string> names;  // as a scraper that does not know UTF-8 names sees them
  for (label_domain const &domain : labels) {
    if (auto found = check_label(options, kind, domain, open)) return found;
    if (!names.insert(legacy_label_name(domain.name)).second) {
      return failure{registration_errc::duplicate_label,
                     in_family(options.name, "label '" + domain.name + "' occurs twice")};
    }
  }
  if (options.native) {
    if (auto found = check_native(options.name, *options.native)) return found;
  }
  return check_bounds(options.name, options.bounds);
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
    case registration_errc::bad_native:
      return "bad_native";
    case registration_errc::bad_unit:
      return "bad_unit";
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

}  // namespace loopmeter::metrics
