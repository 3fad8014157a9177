// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/config.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include "temporary_folder.hpp"

using namespace loopmeter::web;
using namespace std::chrono_literals;

namespace {

config parsed(std::string const &text) {
  return parse_config(text, "/etc/demo/web.yml");
}

std::string error_of(std::string const &text) {
  try {
    parsed(text);
  } catch (config_error const &e) {
    return e.what();
  }
  return "";
}

std::string const alice = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze";
std::string const pair = "  cert_file: c.pem\n  key_file: k.pem\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(web_config)

BOOST_AUTO_TEST_CASE(nothing_is_plain_http_for_all) {
  for (auto const *text : {"", "---\n", "# a remark\n", "tls_server_config:\n", "{}",
                           "basic_auth_users: {}\nhttp_server_config: ~\n"}) {
    auto const made = parsed(text);
    BOOST_TEST(!made.tls.has_value());
    BOOST_TEST(made.users.empty());
    BOOST_TEST(made.headers.empty());
    BOOST_TEST(!made.rate.limits());
    BOOST_TEST(made.files_of_tls().empty());
  }
}

BOOST_AUTO_TEST_CASE(everything_is_read) {
  auto const made = parsed(
      "tls_server_config:\n"
      "  cert_file: tls/c.pem\n"
      "  key_file: /keys/k.pem\n"
      "  client_ca_file: ../ca.pem\n"
      "  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_allowed_sans: [a.example, 10.0.0.1]\n"
      "  min_version: TLS12\n"
      "  max_version: TLS13\n"
      "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
      "  prefer_server_cipher_suites: no\n"
      "  curve_preferences: [X25519, CurveP256]\n"
      "http_server_config:\n"
      "  http2: false\n"
      "  headers:\n"
      "    X-Frame-Options: deny\n"
      "    Strict-Transport-Security: \"max-age=1; includeSubDomains\"\n"
      "    Content-Security-Policy: ''\n"
      "basic_auth_users:\n"
      "  alice: " +
      alice +
      "\n"
      "rate_limit:\n"
      "  interval: 1m0.5s\n"
      "  burst: 20\n");
  BOOST_REQUIRE(made.tls.has_value());
  auto const &tls = *made.tls;
  BOOST_TEST(tls.certificate.file == "/etc/demo/tls/c.pem");
  BOOST_TEST(tls.certificate.line == 2);
  BOOST_TEST(tls.key.file == "/keys/k.pem");
  BOOST_TEST(tls.client_ca.file == "/etc/ca.pem");
  BOOST_TEST((tls.clients == client_auth::require_and_verify));
  BOOST_TEST((tls.client_allowed_sans == std::vector<std::string>{"a.example", "10.0.0.1"}));
  BOOST_TEST(tls.cipher_suites.size() == 1U);
  BOOST_TEST(tls.cipher_suites[0] == "ECDHE-RSA-AES128-GCM-SHA256");
  BOOST_TEST(!tls.prefer_server_cipher_suites);
  BOOST_TEST((tls.curves == std::vector<std::string>{"X25519", "P-256"}));
  BOOST_TEST(made.headers.size() == 2U);  // an empty one is not sent
  BOOST_TEST(made.headers.at("X-Frame-Options") == "deny");
  BOOST_TEST(made.users.at("alice") == alice);
  BOOST_TEST((made.rate.interval == 60'500ms));
  BOOST_TEST(made.rate.burst == 20);
  BOOST_TEST((made.files_of_tls() ==
              std::vector<std::string>{"/etc/demo/tls/c.pem", "/keys/k.pem", "/etc/ca.pem"}));
}

BOOST_AUTO_TEST_CASE(defaults_of_tls) {
  auto const made = parsed("tls_server_config: {cert: A, key: B}\n");
  BOOST_REQUIRE(made.tls.has_value());
  BOOST_TEST((made.tls->min_version == tls_version::tls12));
  BOOST_TEST((made.tls->max_version == tls_version::tls13));
  BOOST_TEST((made.tls->clients == client_auth::none));
  BOOST_TEST(made.tls->prefer_server_cipher_suites);
  BOOST_TEST(!made.tls->client_allowed_sans.has_value());
  BOOST_TEST(made.tls->certificate.text == "A");
}

BOOST_AUTO_TEST_CASE(a_relative_file_without_folder) {
  auto const made = parse_config("tls_server_config:\n" + pair, "web.yml");
  BOOST_TEST(made.tls->certificate.file == "c.pem");
}

// Each message says the line, the key and what is allowed, in one line.
BOOST_AUTO_TEST_CASE(what_is_refused) {
  struct row {
    std::string text;
    std::string says;
  };
  std::string const tls = "tls_server_config:\n" + pair;
  row const table[] = {
      {"a: [", "web.yml:1: not YAML"},
      {"just a text", "web.yml:1: not a mapping"},
      {"- a", "not a mapping"},
      {"tls_config: {}", "web.yml:1: tls_config: unknown key; allowed is tls_server_config, "},
      {"rate_limit: {}\nrate_limit: {}", "web.yml:2: key \"rate_limit\" stands twice"},
      {"tls_server_config:\n  cert_filse: c\n", "web.yml:2: tls_server_config.cert_filse: unknown"},
      {"tls_server_config: c.pem", "tls_server_config: not a mapping"},
      {"tls_server_config:\n  cert_file: c\n", "tls_server_config: key or key_file is missing"},
      {"tls_server_config:\n  key_file: c\n", "tls_server_config: cert or cert_file is missing"},
      {"tls_server_config:\n  client_auth_type: NoClientCert\n", "cert or cert_file is missing"},
      {tls + "  min_version: TLS14\n",
       "web.yml:4: tls_server_config.min_version: bad value \"TLS14\"; allowed is TLS10, TLS11, "
       "TLS12, TLS13"},
      {tls + "  min_version: TLS13\n  max_version: TLS12\n", "min_version is above max_version"},
      {tls + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", "bad value \"TLS_RSA_WITH_RC4"},
      {tls + "  cipher_suites: TLS_AES_128_GCM_SHA256\n", "cipher_suites: not a list"},
      {tls + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12\n",
       "suites of TLS 1.3 alone"},
      {tls + "  curve_preferences: [P-256]\n", "allowed is X25519, CurveP256"},
      {tls + "  client_auth_type: Whoever\n", "allowed is NoClientCert, RequestClientCert"},
      {tls + "  client_ca_file: ca\n", "client_ca needs client_auth_type"},
      {tls + "  client_allowed_sans: [a]\n", "client_allowed_sans needs a client_auth_type"},
      {tls + "  client_auth_type: VerifyClientCertIfGiven\n  client_allowed_sans: []\n",
       "client_allowed_sans needs a client_auth_type"},
      {tls + "  prefer_server_cipher_suites: 'true'\n", "allowed is true or false"},
      {tls + "  prefer_server_cipher_suites: maybe\n", "allowed is true or false"},
      {tls + "  cert: [a]\n", "tls_server_config.cert: not a text"},
      {"http_server_config: {http2: 1}", "http_server_config.http2: bad value \"1\""},
      {"http_server_config: {http3: true}", "http_server_config.http3: unknown key"},
      {"http_server_config: {headers: {X-Mine: a}}", "headers.X-Mine: unknown key; allowed is "},
      {"http_server_config: {headers: {x-frame-options: deny}}", "unknown key"},
      {"http_server_config: {headers: {X-Frame-Options: DENY}}", "allowed is deny or sameorigin"},
      {"http_server_config: {headers: {X-Frame-Options: ''}}", "allowed is deny or sameorigin"},
      {"http_server_config: {headers: {X-Content-Type-Options: sniff}}", "allowed is nosniff"},
      {"http_server_config: {headers: {X-XSS-Protection: \"1\\r\\nSet-Cookie: a\"}}",
       "control characters"},
      {"basic_auth_users: {alice: hunter2}", "basic_auth_users.alice: not a bcrypt hash"},
      {"basic_auth_users: {alice: }", "basic_auth_users.alice: not a bcrypt hash"},
      {"basic_auth_users: [alice]", "basic_auth_users: not a mapping"},
      {"rate_limit: {burst: \"1\\n2\"}", "rate_limit.burst: bad value \"1\\n2\""},
      {"\"a\\nb\": {}", "a\\nb: unknown key"},
      {"rate_limit: {burst: " + std::string(100'000, '9') + "}", "rate_limit.burst: bad value"},
      {"rate_limit: {interval: 1 s}", "rate_limit.interval: bad value \"1 s\""},
      {"rate_limit: {interval: -1s}", "rate_limit.interval"},
      {"rate_limit: {interval: 1d}", "allowed is a time like"},
      {"rate_limit: {interval: 9999999999h}", "allowed is a time like"},
      {"rate_limit: {burst: many}", "rate_limit.burst: bad value \"many\""},
      {"rate_limit: {burst: -1}", "rate_limit.burst"},
      {"rate_limit: {burst: !!binary MQ==}", "rate_limit.burst: not a whole number"},
  };
  for (auto const &r : table) {
    BOOST_TEST_CONTEXT(r.text) {
      auto const message = error_of(r.text);
      BOOST_TEST(message.find(r.says) != std::string::npos, message);
      BOOST_TEST(message.starts_with("/etc/demo/web.yml:"), message);
      BOOST_TEST(message.find('\n') == std::string::npos, message);
      BOOST_TEST(message.size() < 1100U);
    }
  }
}

BOOST_AUTO_TEST_CASE(secrets_are_not_shown) {
  auto const message = error_of("basic_auth_users:\n  alice: s3cret\n");
  BOOST_TEST(message.find("s3cret") == std::string::npos, message);
}

BOOST_AUTO_TEST_CASE(durations_of_go) {
  auto const interval = [](std::string const &text) {
    return parsed("rate_limit: {interval: " + text + "}").rate.interval;
  };
  BOOST_TEST((interval("0") == 0ns));
  BOOST_TEST((interval("0s") == 0ns));
  BOOST_TEST((interval("1500") == 1500ns));
  BOOST_TEST((interval("1.5s") == 1500ms));
  BOOST_TEST((interval("1h2m3s4ms5us6ns") == 1h + 2min + 3s + 4ms + 5us + 6ns));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there) {
  loopmeter::test::temporary_folder const folder;
  auto const file = folder.path("web.yml");
  auto const error = [&] {
    try {
      load_config(file);
    } catch (config_error const &e) {
      return std::string(e.what());
    }
    return std::string();
  };
  BOOST_TEST(error() == file + ": cannot be read: No such file or directory");
  folder.put("web.yml", std::string((1 << 20) + 1, '#'));
  BOOST_TEST(error() == file + ": cannot be read: longer than 1048576 bytes");
  folder.put("web.yml", "rate_limit: {burst: 1}");
  BOOST_TEST(load_config(file).rate.burst == 1);
}

// A parser that recurses must not be driven over the end of its stack.
BOOST_AUTO_TEST_CASE(depth_has_an_end) {
  BOOST_TEST(!error_of(std::string(100'000, '[')).empty());
  BOOST_TEST(!error_of(std::string(100'000, '{')).empty());
  std::string steps;
  for (int i = 0; i < 2000; ++i)
    steps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  BOOST_TEST(!error_of(steps).empty());
}

BOOST_AUTO_TEST_SUITE_END()
