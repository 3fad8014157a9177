// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/tls_names.hpp>

#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <sstream>
#include <string>

using namespace loopmeter::web;

BOOST_AUTO_TEST_SUITE(web_tls_names)

// OpenSSL knows the standard's names, too: the two must mean the same.
BOOST_AUTO_TEST_CASE(suites_are_what_openssl_calls_them) {
  std::istringstream names(cipher_suite_names());
  int seen = 0;
  for (std::string name; std::getline(names >> std::ws, name, ','); ++seen) {
    auto const suite = cipher_suite_of(name);
    BOOST_REQUIRE(suite.has_value());
    std::string const standard = OPENSSL_cipher_name(name.c_str());
    BOOST_TEST((suite->openssl.empty() ? name : std::string(suite->openssl)) == standard);
  }
  BOOST_TEST(seen == 13);
}

BOOST_AUTO_TEST_CASE(openssl_has_all_of_the_default) {
  auto *context = SSL_CTX_new(TLS_server_method());
  BOOST_TEST(SSL_CTX_set_cipher_list(context, default_cipher_list().c_str()) == 1);
  SSL_CTX_free(context);
}

BOOST_AUTO_TEST_CASE(unknown_names) {
  for (auto const *name : {"TLS_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-GCM-SHA256", "x"})
    BOOST_TEST(!cipher_suite_of(name).has_value());
  BOOST_TEST(!curve_of("P-256").has_value());
  BOOST_TEST(!tls_version_of("SSL30").has_value());
  BOOST_TEST(!client_auth_of("requireanyclientcert").has_value());
  BOOST_TEST((client_auth_of("RequireClientCert") == client_auth::require_any));
}

BOOST_AUTO_TEST_SUITE_END()
