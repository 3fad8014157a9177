// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scrape_metrics.hpp>

#include <array>
#include <cstddef>

namespace loopmeter::server {

namespace {

constexpr std::array<std::string_view, 6> error_names{"deadline", "limit",    "client_gone",
                                                      "stalled",  "shutdown", "internal"};
constexpr std::array<std::string_view, 2> encoding_names{"identity", "gzip"};
constexpr std::array<std::string_view, 5> protocol_names{
    "text_0.0.4", "text_1.0.0", "openmetrics_0.0.1", "openmetrics_1.0.0", "protobuf"};

}  // namespace

std::string_view name_of(scrape_error cause) noexcept {
  return error_names[static_cast<std::size_t>(cause)];
}
std::string_view name_of(scrape_encoding encoding) noexcept {
  return encoding_names[static_cast<std::size_t>(encoding)];
}
std::string_view name_of(exposition::protocol protocol) noexcept {
  return protocol_names[static_cast<std::size_t>(protocol)];
}

scrape_metrics::scrape_metrics(metrics::registry &registry)
    : duration(registry
                   .add_gauge({.name = "loopmeter_scrape_duration_seconds",
                               .help = "Time from the last whole scrape's request to the end of "
                                       "its exposition, in seconds.",
                               .unit = "seconds"})
                   .value()),
      bytes(registry
                .add_gauge({.name = "loopmeter_scrape_bytes",
                            .help = "Size of the last whole scrape's body as it was sent, in "
                                    "bytes.",
                            .unit = "bytes"})
                .value()),
      samples(registry
                  .add_gauge({.name = "loopmeter_scrape_samples",
                              .help = "Samples in the last whole scrape."})
                  .value()),
      in_flight(registry
                    .add_level({.name = "loopmeter_scrapes_in_flight",
                                .help = "Scrapes being answered, this one included."})
                    .value()),
      scrapes(registry
                  .add_counter<exposition::protocol, scrape_encoding>(
                      {.name = "loopmeter_scrapes_total",
                       .help = "Scrapes answered whole, by protocol and content encoding."},
                      metrics::label_domain{"protocol", protocol_names},
                      metrics::label_domain{"encoding", encoding_names})
                  .value()),
      errors(registry
                 .add_counter<scrape_error>({.name = "loopmeter_scrape_errors_total",
                                             .help = "Scrapes that were refused or cut, by cause."},
                                            metrics::label_domain{"cause", error_names})
                 .value()) {
  scrapes.expect_all();
  errors.expect_all();
}

}  // namespace loopmeter::server
