// SPDX-License-Identifier: Apache-2.0
// The texts, as Prometheus 2.42 to 3.x and Go write them. Source: prometheus/prometheus scrape/,
// model/textparse, prometheus/common config, and Go's net, net/http, crypto/tls, crypto/x509.
#include "scrape_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace loopcheck {

namespace {

using enum scrape_cause;

constexpr std::size_t text_bytes_max = 4096;

struct pattern {
  enum class at : std::uint8_t { begin, anywhere, end };
  scrape_cause cause;
  at where;
  std::string_view words;
};

/// The first that fits. Prometheus' own texts begin with known words, and quote what a target sent:
/// these stand before those that are looked for anywhere.
constexpr std::array patterns{
    // Limits.
    pattern{body_size_limit, pattern::at::begin, "body size limit exceeded"},
    pattern{sample_limit, pattern::at::begin, "sample limit exceeded"},
    pattern{bucket_limit, pattern::at::begin, "histogram bucket limit exceeded"},
    pattern{label_limit, pattern::at::begin, "label_limit exceeded"},
    pattern{label_name_length_limit, pattern::at::begin, "label_name_length_limit exceeded"},
    pattern{label_value_length_limit, pattern::at::begin, "label_value_length_limit exceeded"},
    pattern{target_limit, pattern::at::begin, "target_limit exceeded"},
    // Content-Type: Prometheus 3. What it says with a fallback is only logged.
    pattern{content_type_missing, pattern::at::begin, "non-compliant scrape target sending blank"},
    pattern{content_type, pattern::at::begin, "received unsupported Content-Type"},
    pattern{content_type, pattern::at::begin, "received OpenMetrics 2.0 Content-Type"},
    pattern{content_type, pattern::at::begin, "cannot parse Content-Type"},
    pattern{content_type, pattern::at::begin, "could not parse received Content-Type"},
    pattern{content_encoding, pattern::at::begin, "received a zstd-compressed response"},
    pattern{content_encoding, pattern::at::begin, "gzip: invalid"},
    pattern{content_encoding, pattern::at::begin, "flate: corrupt input"},
    // The exposition.
    pattern{open_metrics_end, pattern::at::begin, "data does not end with # EOF"},
    pattern{html_page, pattern::at::begin, "expected a valid start token, got \"<"},
    pattern{invalid_label, pattern::at::begin, "invalid metric name or label names"},
    pattern{invalid_label, pattern::at::begin, "invalid UTF-8"},
    pattern{invalid_label, pattern::at::begin, "missing metric name (__name__ label)"},
    pattern{invalid_label, pattern::at::begin, "invalid label value for"},
    pattern{invalid_label, pattern::at::begin, "invalid metric name"},
    pattern{invalid_exposition, pattern::at::begin, "expected "},
    pattern{invalid_exposition, pattern::at::begin, "unexpected data after # EOF"},
    pattern{invalid_exposition, pattern::at::begin, "unexpected carriage return"},
    pattern{invalid_exposition, pattern::at::begin, "unexpected end of"},
    pattern{invalid_exposition, pattern::at::begin, "invalid metric type"},
    pattern{invalid_exposition, pattern::at::begin, "unknown metric type"},
    pattern{invalid_exposition, pattern::at::begin, "invalid timestamp"},
    pattern{invalid_exposition, pattern::at::begin, "invalid exemplar timestamp"},
    pattern{invalid_exposition, pattern::at::begin, "invalid help for metric"},
    pattern{invalid_exposition, pattern::at::begin, "help text "},
    pattern{invalid_exposition, pattern::at::begin, "unit "},
    pattern{invalid_exposition, pattern::at::end, "is not a valid start token"},  // of 2.42
    pattern{invalid_exposition, pattern::at::begin, "metric name "},
    pattern{invalid_exposition, pattern::at::begin, "unsupported character in float"},
    pattern{invalid_exposition, pattern::at::begin, "strconv.Parse"},
    pattern{invalid_exposition, pattern::at::begin, "invalid protobuf"},
    pattern{invalid_exposition, pattern::at::begin, "proto: "},
    pattern{invalid_exposition, pattern::at::begin, "error parsing "},
    pattern{invalid_exposition, pattern::at::begin, "info metric family name"},
    pattern{invalid_exposition, pattern::at::begin, "counter sample value"},
    pattern{invalid_exposition, pattern::at::begin, "duplicate timestamp"},
    pattern{invalid_exposition, pattern::at::begin, "varint overflow"},
    pattern{native_histogram, pattern::at::begin, "histogram "},
    pattern{native_histogram, pattern::at::anywhere, "ErrHistogram"},
    pattern{native_histogram, pattern::at::anywhere, ": histogram"},
    pattern{native_histogram, pattern::at::anywhere, "custom buckets: "},
    pattern{duplicate_label, pattern::at::anywhere, "is not unique: invalid sample"},
    pattern{invalid_label, pattern::at::end, ": invalid sample"},
    // Files and tokens of Prometheus.
    pattern{credentials_missing, pattern::at::anywhere, "unable to read "},
    pattern{credentials_missing, pattern::at::anywhere, "unable to load specified CA"},
    pattern{credentials_missing, pattern::at::anywhere, "unable to use specified client cert"},
    pattern{credentials_missing, pattern::at::anywhere, "unable to use specified CA"},
    pattern{credentials_missing, pattern::at::anywhere, "error reading "},
    pattern{oauth2, pattern::at::anywhere, "oauth2: "},
    pattern{proxy, pattern::at::anywhere, "proxyconnect tcp"},
    pattern{proxy, pattern::at::anywhere, "socks connect"},
    pattern{redirect_loop, pattern::at::anywhere, "stopped after 10 redirects"},
    pattern{bad_url, pattern::at::anywhere, "unsupported protocol scheme"},
    pattern{bad_url, pattern::at::anywhere, "no Host in request URL"},
    pattern{bad_url, pattern::at::anywhere, "invalid URL"},
    pattern{bad_url, pattern::at::begin, "parse \""},
    // TLS. "tls: failed to verify certificate: " stands before x509 since Go 1.20.
    pattern{tls_to_plain_http, pattern::at::anywhere, "server gave HTTP response to HTTPS client"},
    pattern{tls_to_plain_http, pattern::at::anywhere,
            "first record does not look like a TLS handshake"},
    pattern{unknown_authority, pattern::at::anywhere, "signed by unknown authority"},
    pattern{certificate_expired, pattern::at::anywhere, "has expired or is not yet valid"},
    pattern{certificate_name, pattern::at::anywhere, "x509: certificate is valid for "},
    pattern{certificate_name, pattern::at::anywhere,
            "x509: certificate is not valid for any names"},
    pattern{certificate_name, pattern::at::anywhere, "x509: cannot validate certificate for "},
    pattern{certificate_name, pattern::at::anywhere,
            "x509: certificate relies on legacy Common Name"},
    pattern{tls_other, pattern::at::anywhere, "x509: "},
    pattern{client_certificate, pattern::at::anywhere, "remote error: tls: bad certificate"},
    pattern{client_certificate, pattern::at::anywhere, "remote error: tls: certificate required"},
    pattern{client_certificate, pattern::at::anywhere, "remote error: tls: unknown certificate"},
    pattern{client_certificate, pattern::at::anywhere, "remote error: tls: expired certificate"},
    pattern{tls_version, pattern::at::anywhere, "remote error: tls: protocol version"},
    pattern{tls_version, pattern::at::anywhere, "remote error: tls: handshake failure"},
    pattern{tls_version, pattern::at::anywhere, "tls: server selected unsupported"},
    pattern{connect_timeout, pattern::at::anywhere, "TLS handshake timeout"},
    pattern{tls_other, pattern::at::anywhere, "tls: "},
    // Another protocol. An alert record of TLS is 0x15 0x03; SETTINGS of HTTP/2 have type 4.
    pattern{plain_http_to_tls, pattern::at::anywhere, "malformed HTTP response \"\\x15\\x03"},
    pattern{grpc_port, pattern::at::anywhere, "malformed HTTP response \"\\x00\\x00"},
    pattern{not_http, pattern::at::anywhere, "malformed HTTP"},
    pattern{not_http, pattern::at::anywhere, "malformed MIME header"},
    pattern{not_http, pattern::at::anywhere, "Unsolicited response"},
    pattern{not_http, pattern::at::anywhere, "http2: frame too large"},
    pattern{not_http, pattern::at::anywhere, "server response headers exceeded"},
    // The network: a name before an address, as "lookup … i/o timeout" is the name server's.
    pattern{no_such_host, pattern::at::anywhere, ": no such host"},
    pattern{name_server, pattern::at::anywhere, ": server misbehaving"},
    pattern{name_server, pattern::at::anywhere, "dial tcp: lookup "},
    pattern{refused, pattern::at::anywhere, "connect: connection refused"},
    pattern{no_route, pattern::at::anywhere, "connect: no route to host"},
    pattern{no_route, pattern::at::anywhere, "connect: network is unreachable"},
    pattern{no_route, pattern::at::anywhere, "connect: host is unreachable"},
    pattern{no_route, pattern::at::anywhere, "connect: host is down"},
    pattern{not_permitted, pattern::at::anywhere, "connect: operation not permitted"},
    pattern{not_permitted, pattern::at::anywhere, "connect: permission denied"},
    pattern{bad_url, pattern::at::anywhere, "connect: invalid argument"},
    pattern{bad_url, pattern::at::anywhere, "invalid port"},
    pattern{bad_url, pattern::at::anywhere, "unknown port"},
    pattern{no_local_resources, pattern::at::anywhere, "too many open files"},
    pattern{no_local_resources, pattern::at::anywhere, "cannot assign requested address"},
    pattern{no_local_resources, pattern::at::anywhere, "no buffer space available"},
    pattern{connect_timeout, pattern::at::anywhere, "connect: connection timed out"},
    pattern{connect_timeout, pattern::at::anywhere, "dial tcp "},
    pattern{closed, pattern::at::anywhere, "connection reset by peer"},
    pattern{closed, pattern::at::anywhere, "broken pipe"},
    pattern{closed, pattern::at::anywhere, "server closed idle connection"},
    pattern{closed, pattern::at::anywhere, "server sent GOAWAY"},
    pattern{closed, pattern::at::anywhere, "stream error: "},
    pattern{closed, pattern::at::anywhere, "connection lost"},
    pattern{closed, pattern::at::end, "EOF"},
    pattern{scrape_timeout, pattern::at::anywhere, "context deadline exceeded"},
    pattern{scrape_timeout, pattern::at::anywhere, "i/o timeout"},
    pattern{scrape_timeout, pattern::at::anywhere, "Client.Timeout"},
    // Storage.
    pattern{storage, pattern::at::anywhere, "no space left on device"},
    pattern{storage, pattern::at::anywhere, "out of bounds"},
    pattern{storage, pattern::at::anywhere, "write to WAL"},
    pattern{storage, pattern::at::anywhere, "log samples"},
};

bool fits(pattern const &one, std::string_view words) noexcept {
  switch (one.where) {
    case pattern::at::begin:
      return words.starts_with(one.words);
    case pattern::at::end:
      return words.ends_with(one.words);
    case pattern::at::anywhere:
      return words.find(one.words) != words.npos;
  }
  return false;
}

/// `Get "http://10.0.0.1/metrics": ` goes: a path may contain any of our words.
std::string_view without_request(std::string_view words) noexcept {
  constexpr std::string_view verb = "Get \"";
  if (!words.starts_with(verb)) return words;
  // The URL is quoted as Go does: a quote inside it has a backslash.
  for (std::size_t i = verb.size(); i < words.size(); ++i) {
    if (words[i] == '\\') {
      ++i;
    } else if (words[i] == '"') {
      words.remove_prefix(i + 1);
      if (words.starts_with(": ")) words.remove_prefix(2);
      return words;
    }
  }
  return words;
}

/// What a target sent is quoted at the end: it may contain any of our words, too.
std::string_view without_quotation(std::string_view words) noexcept {
  return words.substr(0, words.find(" while parsing: "));
}

/// The number behind `key`, as in "limit: 3)".
std::optional<std::int64_t> number_after(std::string_view words, std::string_view key) noexcept {
  auto const at = words.rfind(key);  // the last one: those before may be quoted
  if (at == words.npos) return std::nullopt;
  words.remove_prefix(at + key.size());
  std::int64_t found = 0;
  auto const end = std::from_chars(words.data(), words.data() + words.size(), found);
  if (end.ec != std::errc()) return std::nullopt;
  return found;
}

std::string_view between(std::string_view words, std::string_view begin, std::string_view end) {
  auto const at = words.find(begin);
  if (at == words.npos) return {};
  words.remove_prefix(at + begin.size());
  return words.substr(0, words.find(end));
}

scrape_cause cause_of_status(int status) noexcept {
  switch (status) {
    case 400:
      return bad_request;
    case 401:
      return unauthorized;
    case 403:
      return forbidden;
    case 404:
      return not_found;
    case 406:
      return not_acceptable;
    case 429:
      return too_many_requests;
    case 502:
    case 503:
    case 504:
      return server_unavailable;
    default:
      break;
  }
  if (status >= 300 && status < 400) return redirect;
  return status >= 500 && status < 600 ? server_error : other_status;
}

scrape_cause cause_of(std::string_view words) noexcept {
  for (pattern const &one : patterns)
    if (fits(one, words)) return one.cause;
  return unknown;
}

void add_numbers(scrape_failure &to, std::string_view words) {
  switch (to.cause) {
    case target_limit:
      to.count = number_after(words, "number of targets: ");
      break;
    case label_limit:
      to.count = number_after(words, "number of labels: ");
      if (!to.count) to.count = number_after(words, "number of label: ");
      break;
    case label_name_length_limit:
    case label_value_length_limit:
      to.count = number_after(words, "length: ");
      break;
    default:
      return;
  }
  to.limit = number_after(words, "limit: ");
  to.metric = between(words, "(metric: ", ", ");
  if (to.count && to.limit)
    to.words += " (" + std::to_string(*to.count) + " of " + std::to_string(*to.limit) + ")";
  if (!to.metric.empty()) to.words += ", in " + to.metric;
}

/// An HTTP status: plain HTTP to a port of TLS is answered with 400 by Go's, nginx' and most
/// others.
scrape_failure read_status(std::string_view words, std::string_view url) {
  scrape_failure result;
  result.status = static_cast<int>(number_after(words, "HTTP status ").value_or(0));
  result.cause = cause_of_status(*result.status);
  if (result.cause == bad_request && url.starts_with("http://")) {
    result.cause = plain_http_to_tls;
    result.likely = true;
  }
  result.words = row_of(result.cause).words;
  result.words += ": HTTP status ";
  result.words += between(words, "HTTP status ", "\n");
  return result;
}

bool is_proved(scrape_cause cause, std::string_view words) noexcept {
  switch (cause) {
    case closed:
      return false;
    // Prometheus 2.42 does not say what it found there.
    case invalid_exposition:
      return !words.ends_with("is not a valid start token");
    case connect_timeout:
      return words.find("TLS") == words.npos;
    case scrape_timeout:
      return words.find("awaiting headers") == words.npos;
    default:
      return true;
  }
}

}  // namespace

scrape_failure read_scrape_error(std::string_view last_error, std::string_view url) {
  scrape_failure result;
  result.words = row_of(none).words;
  if (last_error.empty()) return result;
  auto const whole = without_request(last_error.substr(0, text_bytes_max));
  if (whole.starts_with("server returned HTTP status ")) {
    result = read_status(whole, url);
  } else {
    auto const words = without_quotation(whole);
    result.cause = cause_of(words);
    result.words = row_of(result.cause).words;
    add_numbers(result, whole);
    result.likely = !is_proved(result.cause, words);
    if (result.cause == unknown) result.words += ": " + std::string(whole);
  }
  // One line, whatever was quoted.
  std::ranges::replace_if(
      result.words, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  result.fix = row_of(result.cause).fix;
  result.whole_pool = result.cause == target_limit;
  return result;
}

}  // namespace loopcheck
