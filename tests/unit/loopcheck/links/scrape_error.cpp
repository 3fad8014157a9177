// SPDX-License-Identifier: Apache-2.0
// Texts that a real Prometheus wrote, and those that only some environments provoke.
// tests/loopcheck/scrape_error_test.py provokes the rest.
#include <loopcheck/links/scrape_error.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace loopcheck {
namespace {

BOOST_AUTO_TEST_SUITE(links_scrape_error)

struct text_case {
  std::string_view words;
  scrape_cause cause;
};

text_case const cases[] = {
    {"", scrape_cause::none},
    {R"(Get "http://10.0.0.1:80/metrics": dial tcp 10.0.0.1:80: connect: connection refused)",
     scrape_cause::refused},
    {R"(Get "http://10.0.0.1:80/metrics": dial tcp 10.0.0.1:80: connect: no route to host)",
     scrape_cause::no_route},
    {R"(Get "http://10.0.0.1:80/metrics": dial tcp 10.0.0.1:80: connect: network is unreachable)",
     scrape_cause::no_route},
    {R"(Get "http://10.0.0.1:80/metrics": dial tcp 10.0.0.1:80: i/o timeout)",
     scrape_cause::connect_timeout},
    {R"(Get "http://10.0.0.1:80/metrics": dial tcp 10.0.0.1:80: connect: connection timed out)",
     scrape_cause::connect_timeout},
    {R"(Get "http://10.0.0.1:80/metrics": dial tcp 10.0.0.1:80: connect: operation not permitted)",
     scrape_cause::not_permitted},
    {R"(Get "http://a:80/metrics": dial tcp 10.0.0.1:80: connect: cannot assign requested address)",
     scrape_cause::no_local_resources},
    {R"(Get "http://a:80/metrics": dial tcp 10.0.0.1:80: socket: too many open files)",
     scrape_cause::no_local_resources},
    {R"(Get "http://a.b:80/metrics": dial tcp: lookup a.b on 10.96.0.10:53: no such host)",
     scrape_cause::no_such_host},
    {R"(Get "http://a.b/m": dial tcp: lookup a.b on 10.96.0.10:53: read udp )"
     R"(1.2.3.4:5->10.96.0.10:53: i/o timeout)",
     scrape_cause::name_server},
    {R"(Get "http://a.b/m": dial tcp: lookup a.b on 10.96.0.10:53: server misbehaving)",
     scrape_cause::name_server},
    {R"(Get "http://10.0.0.1/m": context deadline exceeded)", scrape_cause::scrape_timeout},
    {"context deadline exceeded", scrape_cause::scrape_timeout},
    {R"(Get "http://10.0.0.1/m": read tcp 1.2.3.4:5->10.0.0.1:80: read: connection reset by peer)",
     scrape_cause::closed},
    {R"(Get "http://10.0.0.1/m": EOF)", scrape_cause::closed},
    {"unexpected EOF", scrape_cause::closed},
    {R"(Get "https://a/m": http: server gave HTTP response to HTTPS client)",
     scrape_cause::tls_to_plain_http},
    {R"(Get "https://a/m": tls: first record does not look like a TLS handshake)",
     scrape_cause::tls_to_plain_http},
    // With Go's prefix since 1.20, and without.
    {R"(Get "https://a/m": tls: failed to verify certificate: x509: certificate signed by )"
     R"(unknown authority)",
     scrape_cause::unknown_authority},
    {R"(Get "https://a/m": x509: certificate signed by unknown authority)",
     scrape_cause::unknown_authority},
    {R"(Get "https://a/m": x509: certificate has expired or is not yet valid: current time )"
     R"(2026-01-01T00:00:00Z is after 2025-01-01T00:00:00Z)",
     scrape_cause::certificate_expired},
    {R"(Get "https://a/m": x509: certificate is valid for a.b, not c.d)",
     scrape_cause::certificate_name},
    {R"(Get "https://10.0.0.1/m": x509: cannot validate certificate for 10.0.0.1 because it )"
     R"(doesn't contain any IP SANs)",
     scrape_cause::certificate_name},
    {R"(Get "https://a/m": x509: certificate relies on legacy Common Name field, use SANs instead)",
     scrape_cause::certificate_name},
    {R"(Get "https://a/m": remote error: tls: certificate required)",
     scrape_cause::client_certificate},
    {R"(Get "https://a/m": remote error: tls: bad certificate)", scrape_cause::client_certificate},
    {R"(Get "https://a/m": remote error: tls: protocol version not supported)",
     scrape_cause::tls_version},
    {R"(Get "https://a/m": remote error: tls: handshake failure)", scrape_cause::tls_version},
    {R"(Get "https://a/m": remote error: tls: internal error)", scrape_cause::tls_other},
    {R"(Get "https://a/m": net/http: TLS handshake timeout)", scrape_cause::connect_timeout},
    {R"(Get "http://a/m": net/http: HTTP/1.x transport connection broken: malformed HTTP )"
     R"(response "\x15\x03\x01\x00\x02\x02")",
     scrape_cause::plain_http_to_tls},
    {R"(Get "http://a/m": net/http: HTTP/1.x transport connection broken: malformed HTTP )"
     R"(response "\x00\x00\x06\x04\x00")",
     scrape_cause::grpc_port},
    {R"(Get "http://a/m": net/http: HTTP/1.x transport connection broken: malformed HTTP status )"
     R"(code "x")",
     scrape_cause::not_http},
    {R"(Get "http://a/m": unable to read basic auth password file /x: open /x: no such file or )"
     R"(directory)",
     scrape_cause::credentials_missing},
    {R"(Get "http://a/m": stopped after 10 redirects)", scrape_cause::redirect_loop},
    {"histogram bucket limit exceeded", scrape_cause::bucket_limit},
    {R"(histogram "a": spans need 3 buckets, have 2 buckets: histogram spans specify different )"
     R"(number of buckets than provided)",
     scrape_cause::native_histogram},
    {"invalid metric name or label names: {__name__=\"\"}", scrape_cause::invalid_label},
    {R"(label name "b" is not unique: invalid sample)", scrape_cause::duplicate_label},
    {R"(non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol )"
     R"(specified for target)",
     scrape_cause::content_type_missing},
    {R"(received unsupported Content-Type "text/html; charset=utf-8" and no )"
     R"(fallback_scrape_protocol specified for target)",
     scrape_cause::content_type},
    {"received a zstd-compressed response, but the \"zstd-scrape\" feature flag is not enabled",
     scrape_cause::content_encoding},
    {"write to WAL: log samples: write /prometheus/wal/1: no space left on device",
     scrape_cause::storage},
    {"the dog ate it", scrape_cause::unknown},
    // What a target or a user wrote is no evidence.
    {R"(Get "http://a/EOF": dial tcp 10.0.0.1:80: connect: connection refused)",
     scrape_cause::refused},
    {R"(Get "http://a/\"x509: ": EOF)", scrape_cause::closed},
    {R"(expected value after metric, got "x" ("INVALID") while parsing: "a{b=\"connection )"
     R"(refused EOF\" x")",
     scrape_cause::invalid_exposition},
    {R"(received unsupported Content-Type "x509: " and no fallback_scrape_protocol specified )"
     R"(for target)",
     scrape_cause::content_type},
    {R"(label_value_length_limit exceeded (metric: a, label name: b, value: "EOF, limit: 9", )"
     R"(length: 3, limit: 2))",
     scrape_cause::label_value_length_limit},
};

BOOST_AUTO_TEST_CASE(each_text_has_its_cause) {
  for (auto const &each : cases) {
    auto const read = read_scrape_error(each.words, "http://10.0.0.1:80/metrics");
    BOOST_TEST_CONTEXT(each.words) {
      BOOST_TEST(text(read.cause) == text(each.cause));
      BOOST_TEST(!read.words.empty());
      BOOST_TEST(read.fix.empty() == (each.cause == scrape_cause::none));
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_names_and_status) {
  auto const values = read_scrape_error(
      R"(label_value_length_limit exceeded (metric: up, label name: b, value: "x, limit: 9", )"
      R"(length: 31, limit: 20))");
  BOOST_TEST(values.count.value() == 31);
  BOOST_TEST(values.limit.value() == 20);
  BOOST_TEST(values.metric == "up");
  BOOST_TEST(values.words ==
             "a label's value is longer than labelValueLengthLimit (31 of 20), in up");
  auto const older =
      read_scrape_error("label_limit exceeded (metric: up, number of label: 3, limit: 2)");
  BOOST_TEST(older.count.value() == 3);
  auto const targets = read_scrape_error("target_limit exceeded (number of targets: 5, limit: 2)");
  BOOST_TEST(targets.whole_pool);
  BOOST_TEST(targets.count.value() == 5);
  BOOST_TEST(targets.metric == "");
  auto const status = read_scrape_error("server returned HTTP status 404 Not Found");
  BOOST_TEST(status.status.value() == 404);
  BOOST_TEST(status.words == "the target has no such path: HTTP status 404 Not Found");
}

BOOST_AUTO_TEST_CASE(a_400_to_plain_http_is_likely_tls) {
  constexpr std::string_view words = "server returned HTTP status 400 Bad Request";
  auto const plain = read_scrape_error(words, "http://10.0.0.1:8443/metrics");
  BOOST_TEST(text(plain.cause) == "plain_http_to_tls");
  BOOST_TEST(plain.likely);
  auto const secure = read_scrape_error(words, "https://10.0.0.1:8443/metrics");
  BOOST_TEST(text(secure.cause) == "bad_request");
  BOOST_TEST(!secure.likely);
}

BOOST_AUTO_TEST_CASE(any_text_is_read) {
  for (auto const &text : {std::string(1u << 20, 'x'), std::string("Get \""),
                           std::string("Get \"\\"), std::string("\0\xff", 2),
                           std::string("one\ntwo"), std::string("server returned HTTP status "),
                           std::string("server returned HTTP status 99999999999999999999"),
                           std::string("target_limit exceeded (number of targets: x")}) {
    auto const read = read_scrape_error(text);
    BOOST_TEST(read.words.size() < 5'000u);
    BOOST_TEST(read.words.find('\n') == std::string::npos);
    BOOST_TEST((read.cause != scrape_cause::none));
  }
}

BOOST_AUTO_TEST_CASE(the_table_is_whole) {
  for (auto const &row : scrape_causes()) {
    BOOST_TEST_CONTEXT(row.name) {
      BOOST_TEST(!row.name.empty());
      BOOST_TEST(!row.words.empty());
      BOOST_TEST(!row.words.ends_with('.'));
      BOOST_TEST(!row.fix.ends_with('.'));
      BOOST_TEST(row.fix.empty() == (row.cause == scrape_cause::none));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
