// SPDX-License-Identifier: Apache-2.0
// A certificate with its key and what is asked of clients, ready to serve: OpenSSL's SSL_CTX.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/web/config.hpp>

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace loopmeter::web {

/// Immutable; used by all workers at once. Tickets of one context are worthless to the next: who
/// was let in under an old configuration proves itself anew.
class tls_context {
 public:
  /// Reads the files that `chosen` names. Throws config_error; `config_file` is for its message.
  tls_context(tls_config const &chosen, std::string const &config_file);
  ~tls_context();
  tls_context(tls_context const &) = delete;
  tls_context &operator=(tls_context const &) = delete;

  ssl_ctx_st *native() const noexcept { return context_.get(); }
  /// The end of the certificate's time, in seconds since 1970.
  std::int64_t expires_at() const noexcept { return expires_at_; }

 private:
  struct deleter {
    void operator()(ssl_ctx_st *context) const noexcept;
  };

  void set_versions(tls_config const &chosen);
  void set_algorithms(tls_config const &chosen);
  void set_certificate(tls_config const &chosen, std::string const &config_file);
  void set_client_auth(tls_config const &chosen, std::string const &config_file);
  bool is_allowed(x509_store_ctx_st &chain) const;
  static int verify(x509_store_ctx_st *chain, void *self);

  std::unique_ptr<ssl_ctx_st, deleter> context_;
  bool verify_chain_ = false;
  std::optional<std::vector<std::string>> allowed_sans_;
  std::int64_t expires_at_ = 0;
};

}  // namespace loopmeter::web
