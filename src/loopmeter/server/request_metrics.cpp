// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/request_metrics.hpp>

#include <string>

namespace loopmeter::server {

namespace {

constexpr std::string_view other_path = "other";

metrics::label_domain code_domain() {
  std::vector<std::string> codes;
  for (int status = http::status_min; status <= http::status_max; ++status) {
    codes.push_back(std::to_string(status));
  }
  return {"code", codes};
}

}  // namespace

request_metrics::request_metrics(metrics::registry &registry, std::string_view service,
                                 route_table const &table) {
  places_.resize(table.resources().size() + 2);
  service_ = register_families(registry, service, accounting::service, table);
  internal_ = register_families(registry, "loopmeter", accounting::internal, table);
}

request_metrics::families request_metrics::register_families(metrics::registry &registry,
                                                             std::string_view prefix,
                                                             accounting counted,
                                                             route_table const &table) {
  std::vector<std::string_view> paths;
  for (std::size_t i = 0; i < table.resources().size(); ++i) {
    auto const &resource = table.resources()[i];
    if (resource.counted != counted) continue;
    places_[i] = {counted, {static_cast<std::uint16_t>(paths.size())}};
    paths.push_back(resource.pattern);
  }
  places_[table.resources().size() + static_cast<std::size_t>(counted)] = {
      counted, {static_cast<std::uint16_t>(paths.size())}};
  paths.push_back(other_path);

  metrics::label_domain const path("path", paths);
  metrics::label_domain const method("method", http::method_names);
  auto const name = std::string(prefix) + "_http_";
  auto const requests_name = name + "requests_total";
  bool const has_traces = counted == accounting::service;  // nobody traces probes
  families made;
  made.requests =
      registry
          .add_counter<path_label, http::method, code_label>(
              {.name = requests_name, .help = "Total HTTP requests.", .exemplars = has_traces},
              path, method, code_domain())
          .value();
  auto const duration_name = name + "request_duration_seconds";
  metrics::histogram_options durations{
      .name = duration_name,
      .help = "HTTP request duration in seconds.",
      .unit = "seconds",
      .bounds = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
  };
  durations.exemplars = has_traces;
  if (counted == accounting::service) durations.native = metrics::native_options{};
  made.durations =
      registry.add_histogram<path_label, http::method>(durations, path, method).value();

  // What can be foreseen is there from the start: a rate over a series that appears at 1 misses its
  // first event.
  for (std::size_t i = 0; i < table.resources().size(); ++i) {
    if (table.resources()[i].counted != counted) continue;
    for (std::size_t m = 0; m < http::method_names.size(); ++m) {
      auto const *row = table.resources()[i].rows[m];
      auto const served = static_cast<http::method>(m);
      if (row == nullptr || row->method != served) continue;  // HEAD by GET's row
      made.requests.expect(places_[i].path, served, code_label{row->success});
      made.durations.expect(places_[i].path, served);
    }
  }
  return made;
}

accounting request_metrics::record(std::size_t resource, http::method method, std::uint16_t status,
                                   std::chrono::nanoseconds duration,
                                   metrics::trace_context const *trace,
                                   accounting unknown) const noexcept {
  bool const known = resource != route_table::not_found;
  auto const &at =
      places_[known ? resource : places_.size() - 2 + static_cast<std::size_t>(unknown)];
  auto const &counted = at.counted == accounting::service ? service_ : internal_;
  auto const requests = counted.requests.at(at.path, method, code_label{status});
  auto const seconds = static_cast<double>(duration.count()) * 1e-9;
  auto const histogram = counted.durations.at(at.path, method);
  if (trace == nullptr) {
    requests.inc();
    histogram.observe(seconds);
  } else {
    requests.inc(1, *trace);
    histogram.observe(seconds, *trace);
  }
  return at.counted;
}

connection_metrics::connection_metrics(metrics::registry &registry)
    : open(registry
               .add_level({.name = "loopmeter_http_open_connections", .help = "Open connections."})
               .value()),
      accepted(registry
                   .add_counter({.name = "loopmeter_http_connections_total",
                                 .help = "Connections accepted."})
                   .value()),
      accept_errors(
          registry
              .add_counter<accept_error>(
                  {.name = "loopmeter_http_accept_errors_total",
                   .help = "Connections that could not be accepted, by reason."},
                  metrics::label_domain{"reason", {"descriptors", "memory", "aborted", "other"}})
              .value()),
      handler_exceptions(
          registry
              .add_counter({.name = "loopmeter_http_handler_exceptions_total",
                            .help = "Exceptions that left a handler (answered 500)."})
              .value()),
      cut(registry
              .add_counter({.name = "loopmeter_http_connections_cut_total",
                            .help = "Connections cut with a request or an answer under way."})
              .value()),
      limit_hits(registry
                     .add_counter<limit>({.name = "loopmeter_http_limit_hits_total",
                                          .help = "How often a limit struck, by its flag's name."},
                                         metrics::label_domain{"limit", limit_labels()})
                     .value()),
      max(registry
              .add_gauge(
                  {.name = "loopmeter_http_connections_max",
                   .help = "Connections that may be open, those of the reserve not counted."})
              .value()) {
  accept_errors.expect_all();
  for (auto const &row : limit_table()) {
    if (!row.strikes.empty()) limit_hits.expect(row.which);
  }
}

}  // namespace loopmeter::server
