// SPDX-License-Identifier: Apache-2.0
// Certificates that live as long as a test, and a TLS client without a socket.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace loopmeter::test {

/// A certificate and its key, in PEM.
struct identity {
  std::string certificate;
  std::string key;
};

/// Signs with an elliptic curve; valid from a day ago until tomorrow.
class authority {
 public:
  explicit authority(std::string const &name);
  ~authority();
  authority(authority const &) = delete;
  authority &operator=(authority const &) = delete;

  std::string const &certificate() const noexcept { return pem_; }
  /// `names`: OpenSSL's form, "DNS:localhost,IP:127.0.0.1".
  identity issue(std::string const &common_name, std::string const &names,
                 long ends_in_s = 86'400) const;

 private:
  EVP_PKEY *key_;
  X509 *certificate_;
  std::string pem_;
};

/// The client's side of a connection: what the server sends goes in, what is to be sent comes out.
class tls_client {
 public:
  /// `protocols`: ALPN's wire form. TLS between the two versions.
  explicit tls_client(int lowest = TLS1_2_VERSION, int highest = TLS1_3_VERSION,
                      std::string_view protocols = "\x08http/1.1");
  ~tls_client();
  tls_client(tls_client const &) = delete;
  tls_client &operator=(tls_client const &) = delete;

  void use(identity const &own);
  /// Goes on from a session of an earlier client, if there is one.
  void resume(tls_client const &earlier);

  void take(std::string_view sealed);
  /// What is to be sent by now; drives the handshake.
  std::string give();
  void say(std::string_view text);
  void say_goodbye();
  bool connected() const;
  bool resumed() const;
  /// What the server has said so far.
  std::string const &heard();
  /// Whether the server has said goodbye.
  bool ended();
  bool failed() const noexcept { return failed_; }
  std::string protocol() const;
  SSL *native() const noexcept { return ssl_; }

 private:
  SSL_CTX *context_;
  SSL *ssl_;
  SSL_SESSION *session_ = nullptr;
  bool failed_ = false;
  std::string heard_;

  static int keep_session(SSL *ssl, SSL_SESSION *session);
};

}  // namespace loopmeter::test
