// SPDX-License-Identifier: Apache-2.0
// What a certificate and a key must be; what comes of them on the wire is in tls_stream.cpp.
#include <loopmeter/web/tls_context.hpp>

#include <boost/test/unit_test.hpp>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <ctime>
#include <string>

#include "certificates.hpp"
#include "temporary_folder.hpp"

using namespace loopmeter::web;
using loopmeter::test::authority;
using loopmeter::test::temporary_folder;

namespace {

struct issued {
  issued() {
    folder.put("c.pem", server.certificate);
    folder.put("k.pem", server.key);
    folder.put("ca.pem", ca.certificate());
    chosen.certificate = {.text = {}, .file = folder.path("c.pem"), .line = 2};
    chosen.key = {.text = {}, .file = folder.path("k.pem"), .line = 3};
  }

  std::string error() const {
    try {
      tls_context const made(chosen, "web.yml");
    } catch (config_error const &e) {
      return e.what();
    }
    return "";
  }

  authority ca{"test authority"};
  loopmeter::test::identity server = ca.issue("server", "DNS:localhost", 3600);
  temporary_folder folder;
  tls_config chosen;
};

std::string encrypted(std::string const &key) {
  auto *in = BIO_new_mem_buf(key.data(), -1);
  auto *parsed = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  auto *out = BIO_new(BIO_s_mem());
  unsigned char const word[] = "word";
  PEM_write_bio_PrivateKey(out, parsed, EVP_aes_128_cbc(), word, 4, nullptr, nullptr);
  char *data = nullptr;
  auto const size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  EVP_PKEY_free(parsed);
  BIO_free(in);
  BIO_free(out);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(web_tls_context)

BOOST_FIXTURE_TEST_CASE(from_files_and_from_text, issued) {
  BOOST_TEST(error() == "");
  chosen.certificate = {.text = server.certificate, .file = {}, .line = 1};
  chosen.key = {.text = server.key, .file = {}, .line = 1};
  BOOST_TEST(error() == "");
  chosen.clients = client_auth::require_and_verify;
  chosen.client_ca = {.text = {}, .file = folder.path("ca.pem"), .line = 4};
  BOOST_TEST(error() == "");
}

BOOST_FIXTURE_TEST_CASE(says_when_the_certificate_ends, issued) {
  tls_context const made(chosen, "web.yml");
  auto const in_s = made.expires_at() - std::time(nullptr);
  BOOST_TEST(in_s > 3000);
  BOOST_TEST(in_s <= 3600);
}

// Each with file, line, key and cause, in one line.
BOOST_FIXTURE_TEST_CASE(what_is_refused, issued) {
  auto const refused = [this](std::string const &text) {
    auto const message = error();
    BOOST_TEST(message.find(text) != std::string::npos, message);
    BOOST_TEST(message.find('\n') == std::string::npos);
  };
  folder.remove("c.pem");
  refused("web.yml:2: tls_server_config.cert_file: \"" + folder.path("c.pem") +
          "\" cannot be read: No such file");
  folder.put("c.pem", "");
  refused("cert_file: \"" + folder.path("c.pem") + "\" holds no certificate in PEM");
  folder.put("c.pem", server.key);
  refused("holds no certificate in PEM");
  auto broken = server.certificate;
  broken[100] = broken[100] == 'A' ? 'B' : 'A';
  broken[101] = '*';
  folder.put("c.pem", broken);
  refused("holds a broken certificate");
  folder.put("c.pem", server.certificate);

  folder.put("k.pem", ca.issue("another", "").key);
  refused("web.yml:3: tls_server_config.key_file: \"" + folder.path("k.pem") +
          "\" does not fit the certificate");
  folder.put("k.pem", server.certificate);
  refused("holds no private key");
  folder.put("k.pem", encrypted(server.key));
  refused("without a passphrase");
  folder.put("k.pem", server.key);

  chosen.clients = client_auth::require_and_verify;
  chosen.client_ca = {.text = "nonsense", .file = {}, .line = 7};
  refused("web.yml:7: tls_server_config.client_ca: holds no certificate in PEM");
}

BOOST_AUTO_TEST_SUITE_END()
