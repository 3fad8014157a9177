// SPDX-License-Identifier: Apache-2.0
// A target's lastError → its cause, in words. Pure: knows Prometheus' texts (of 2.42 to 3.x) and
// those of Go's net, net/http and crypto/tls that it passes on, and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loopcheck {

enum class scrape_cause : std::uint8_t {
  none,  ///< the text is empty
  // Nothing answers.
  refused,
  connect_timeout,
  scrape_timeout,
  no_such_host,
  name_server,
  no_route,
  not_permitted,
  no_local_resources,
  // Something answers, and not as an HTTP server should.
  closed,
  not_http,
  grpc_port,
  plain_http_to_tls,
  tls_to_plain_http,
  // TLS.
  unknown_authority,
  certificate_expired,
  certificate_name,
  client_certificate,
  tls_version,
  tls_other,
  // Of Prometheus' own side: files, tokens, proxies.
  credentials_missing,
  oauth2,
  proxy,
  bad_url,
  // An HTTP status.
  bad_request,
  unauthorized,
  forbidden,
  not_found,
  not_acceptable,
  redirect,
  redirect_loop,
  too_many_requests,
  server_unavailable,
  server_error,
  other_status,
  // The content.
  content_type_missing,
  content_type,
  content_encoding,
  html_page,
  open_metrics_end,
  invalid_exposition,
  invalid_label,
  duplicate_label,
  native_histogram,
  // Limits.
  body_size_limit,
  sample_limit,
  bucket_limit,
  label_limit,
  label_name_length_limit,
  label_value_length_limit,
  target_limit,
  // Prometheus' storage.
  storage,
  unknown,
};

/// What is the same for each failure of one cause.
struct scrape_cause_row {
  scrape_cause cause;
  std::string_view name;              ///< the enumerator's, for JSON
  std::string_view words;             ///< what happened: a clause without its dot
  std::string_view fix;               ///< one sentence without its dot
  std::string_view code = "LC0727";   ///< of the finding that it makes
  std::string_view limit_field = {};  ///< of the monitor's spec, which it passes
};

std::span<scrape_cause_row const> scrape_causes() noexcept;
scrape_cause_row const &row_of(scrape_cause cause) noexcept;
inline std::string_view text(scrape_cause cause) noexcept {
  return row_of(cause).name;
}

struct scrape_failure {
  scrape_cause cause = scrape_cause::none;
  std::string words;  ///< the row's, with what the text adds: status, numbers, names
  std::string_view fix;
  /// What is measured against a limit, where the text has both.
  std::optional<std::int64_t> count, limit;
  std::optional<int> status;  ///< of HTTP
  std::string metric;         ///< which passes the limit, or could not be parsed; may be cut
  bool whole_pool = false;    ///< each target of the pool fails with it
  /// The text alone does not prove it: a 400 to plain HTTP, a connection that is closed.
  bool likely = false;
};

/// `last_error` as /api/v1/targets has it, `url` the target's scrapeUrl. Cost: some hundred
/// searches in a short text; texts beyond 4 KiB are cut.
///
/// Samples out of order, out of bounds, or twice with one timestamp fail no scrape: they are in
/// Prometheus' log and in prometheus_target_scrapes_sample_…_total.
scrape_failure read_scrape_error(std::string_view last_error, std::string_view url = {});

}  // namespace loopcheck
