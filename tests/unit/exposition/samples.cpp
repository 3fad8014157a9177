// SPDX-License-Identifier: Apache-2.0
#include "samples.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace loopmeter::exposition::test {
namespace {

using metrics::label_domain;
using metrics::metric_type;
using metrics::registry;

enum class method { get, head };
struct numbered {
  std::size_t index;
};
std::size_t label_index(numbered value) {
  return value.index;
}

metrics::foreign_family foreign(std::string name, metric_type type) {
  metrics::foreign_family family;
  family.name = std::move(name);
  family.help = "Of a source.";
  family.type = type;
  return family;
}

std::vector<metrics::foreign_family> foreign_families() {
  auto summary = foreign("rpc_seconds", metric_type::summary);
  auto &quantiles = summary.series.emplace_back();
  quantiles.labels = {{"code", "OK"}};
  quantiles.value = metrics::foreign_summary{{{0.5, 0.25}, {0.99, 1}}, 2.5, 4};
  auto histogram = foreign("c_bytes", metric_type::histogram);
  histogram.series.emplace_back().value =
      metrics::foreign_histogram{{{0.1, 1}, {1, 2}, {1e6, 3}}, 1.25, 4};
  auto counter = foreign("faults_total", metric_type::counter);
  counter.series.emplace_back().value = std::uint64_t{9'007'199'254'740'993};
  counter.series.back().timestamp_ms = 1'700'000'001'007;
  auto info = foreign("target_info", metric_type::info);
  info.series.emplace_back().value = 1.0;
  info.series.back().labels = {{"os", "linux"}};
  auto untyped = foreign("thing", metric_type::untyped);
  untyped.series.emplace_back().value = std::int64_t{-7};
  return {std::move(summary), std::move(histogram), std::move(counter), std::move(info),
          std::move(untyped)};
}

void fill_loaded(registry &families) {
  label_domain const methods{"method", {"GET", "HEAD"}};
  auto const requests =
      families
          .add_counter<method>({.name = "requests_total", .help = "Requests answered."}, methods)
          .value();
  requests.at(method::get).inc(7);
  requests.at(method::head).inc(1);
  families.add_counter({.name = "events", .help = "Counted, but not called so."}).value().inc(3);
  families.add_float_counter({.name = "busy_seconds_total", .help = "Work.", .unit = "seconds"})
      .value()
      .inc(0.75);
  families.add_gauge({.name = "temperature_celsius", .unit = "celsius"}).value().set(-1.5);
  auto const open = families.add_level({.name = "open"}).value();
  open.inc(3);
  open.dec();
  families.add_info({.name = "build_info", .help = "What runs."}, {{"version", "1.0"}}).value();
  auto const classic = families
                           .add_histogram<method>({.name = "duration_seconds",
                                                   .help = "Of requests.",
                                                   .unit = "seconds",
                                                   .bounds = {0.005, 0.5, 1, 100000, 1e6}},
                                                  methods)
                           .value();
  for (double const value : {0.005, 0.25, 7.0})
    classic.at(method::get).observe(value);
  families.add_histogram({.name = "sizes_bytes"}).value();
  families.add_histogram({.name = "both_seconds", .bounds = {0.1, 1}, .native = {{.schema = 0}}})
      .value()
      .observe(0.75);
  families.add_histogram({.name = "native_seconds", .native = {{.schema = 2}}}).value().observe(3);
}

// The native parts are set, so that they are of these tests and not of the recording.
void set_natives(metrics::snapshot &snapshot) {
  snapshot.natives.at(0) = {.schema = 0,
                            .zero_threshold = 0x1p-128,
                            .zero_count = 0,
                            .positive = {{0, 1}},
                            .negative = {}};
  snapshot.natives.at(1) = {.schema = 2,
                            .zero_threshold = 0.5,
                            .zero_count = 2,
                            .positive = {{-5, 1}, {-4, 3}, {-1, 1}, {8, 200}, {12, 1}},
                            .negative = {{1, 5}, {2, 4}}};
}

shared_snapshot shared(metrics::snapshot snapshot) {
  return std::make_shared<metrics::snapshot const>(std::move(snapshot));
}

}  // namespace

metrics::snapshot with_start(metrics::snapshot of, std::int64_t start) {
  metrics::detail::layout layout = *of.layout;
  for (auto &family : layout.families) {
    metrics::detail::family_definition definition = *family.definition;
    definition.start_ms = start;
    family.definition =
        std::make_shared<metrics::detail::family_definition const>(std::move(definition));
  }
  of.layout = std::make_shared<metrics::detail::layout const>(std::move(layout));
  return of;
}

metrics::exemplar exemplar_of(std::size_t value_index, double observed, std::uint8_t seed) {
  metrics::exemplar made{
      .value_index = value_index, .observed = observed, .timestamp_ms = start_ms + seed};
  for (std::size_t i = 0; i < made.trace.trace_id.size(); ++i)
    made.trace.trace_id[i] = static_cast<std::uint8_t>(seed + i);
  made.trace.span_id.fill(seed);
  return made;
}

std::size_t first_value(metrics::snapshot const &snapshot, std::string_view name) {
  for (auto const &family : snapshot.layout->families) {
    if (family.definition->name == name) return family.first_value;
  }
  throw std::runtime_error{"no family " + std::string{name}};
}

std::string encoded(metrics::snapshot const &snapshot, format as, encoder_options options) {
  std::string out;
  encoder{options}.encode(snapshot, as, out);
  return out;
}

shared_snapshot empty_state() {
  registry const families{{.self_metrics = false}};
  return shared(gather(families));
}

shared_snapshot loaded_state() {
  registry families{{.self_metrics = false}};
  fill_loaded(families);
  families.add_source(foreign_families);
  auto snapshot = with_start(gather(families), start_ms);
  set_natives(snapshot);
  std::size_t const durations = first_value(snapshot, "duration_seconds");
  std::size_t const requests = first_value(snapshot, "requests_total");
  std::size_t const events = first_value(snapshot, "events");
  std::size_t const native = first_value(snapshot, "native_seconds");
  snapshot.exemplars = {exemplar_of(durations + 1, 0.25, 1),
                        exemplar_of(durations + 5, 2e6, 2),
                        exemplar_of(requests + 1, 1, 3),
                        exemplar_of(requests + 1, 2, 4),
                        exemplar_of(events, 1, 5),
                        exemplar_of(native, 0.25, 6),
                        exemplar_of(native, 3, 7)};
  std::ranges::sort(snapshot.exemplars, {}, &metrics::exemplar::value_index);
  return shared(std::move(snapshot));
}

shared_snapshot hostile_state() {
  registry families{{.self_metrics = false}};
  std::vector<std::string> const values{
      "",        " ",    "\"", "\\", "\n", "\\n",     "a=\"b\"} 1\nx 2\n",
      "größe €", "\x01", "\r", "{}", ",",  "# EOF\n", "\xf0\x9f\x98\x80"};
  auto const odd = families
                       .add_counter<numbered>(
                           {.name = "odd_total", .help = "Slash \\, \"quotes\",\nline; größe."},
                           label_domain{"v", values})
                       .value();
  for (std::size_t i = 0; i < values.size(); ++i)
    odd.at({i}).inc(i);
  odd.expect({0});
  families
      .add_counter<method>(
          {.name = "my.requests_total", .help = "UTF-8.", .allow_utf8_names = true},
          label_domain{"größe \"x\"", {"a", "b"}})
      .value()
      .at(method::get)
      .inc();
  families.add_histogram({.name = "my.sizes", .bounds = {-1, 0, 1e-5, 3}, .allow_utf8_names = true})
      .value()
      .observe(2);
  families.add_gauge({.name = "9 lives", .allow_utf8_names = true}).value().set(1e308);
  families.add_gauge({.name = "nan"}).value().set(std::numeric_limits<double>::quiet_NaN());
  families.add_gauge({.name = "tiny"}).value().set(5e-324);
  families.add_gauge({.name = "minus"}).value().set(-std::numeric_limits<double>::infinity());
  families.add_gauge({.name = "clash"}).value().set(1);
  families.add_counter({.name = "clash_total"}).value().inc();
  families.add_info({.name = "nan_info"}, {{"a", "b"}}).value();
  families.add_source([] {
    auto clash = foreign("far_total", metric_type::counter);
    clash.series.emplace_back().value = 1e300;
    auto base = foreign("far", metric_type::gauge);
    base.series.emplace_back().value = -0.0;
    auto negative = foreign("early", metric_type::gauge);
    negative.series.emplace_back().value = 1.0;
    negative.series.back().timestamp_ms = -1;
    auto two = foreign("not_one_info", metric_type::info);
    two.series.emplace_back().value = 2.0;
    return std::vector{clash, base, negative, two};
  });
  return shared(with_start(gather(families), start_ms));
}

}  // namespace loopmeter::exposition::test
