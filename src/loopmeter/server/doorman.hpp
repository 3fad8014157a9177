// SPDX-License-Identifier: Apache-2.0
// One worker's hold of the web configuration: TLS for new connections, and who may ask.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <loopmeter/server/exchange.hpp>
#include <loopmeter/server/login_desk.hpp>
#include <loopmeter/server/web_access.hpp>
#include <loopmeter/web/login_digest.hpp>
#include <loopmeter/web/tls_stream.hpp>

namespace loopmeter::server {

/// Belongs to its worker's thread.
class doorman {
 public:
  /// Throws std::runtime_error if OpenSSL lacks what it needs.
  explicit doorman(web_access &access) : access_(access), policy_(access.policy()) {}

  /// From now on; connections that are there keep the certificate they began with.
  void adopt(web_access::shared_policy policy) noexcept { policy_ = std::move(policy); }

  bool tls() const noexcept { return policy_->tls() != nullptr; }
  /// Null without TLS. Throws std::bad_alloc.
  std::unique_ptr<web::tls_stream> new_stream() const;

  enum class verdict : std::uint8_t {
    admitted,
    too_many,      ///< beyond rate_limit: 429
    unauthorized,  ///< 401 and challenge()
    unknown,       ///< somebody who was not here before: begin_login()
  };
  /// Nothing in the toolkit's format exempts a path. Allocates nothing; about 1 µs with a login.
  verdict judge(exchange const &x, clock::time_point now);

  /// For the login of the request that judge() did not know. Null: the desk is overrun.
  std::unique_ptr<login_wait> begin_login(exchange &x, asio::io_context::executor_type const &home);
  /// What came of it.
  void learn(login_ticket const &ticket) noexcept { cache_.learn(ticket.digest, ticket.accepted); }

  std::string const &header_lines() const noexcept { return policy_->header_lines(); }
  std::string const &challenge() const noexcept { return policy_->challenge(); }
  web_metrics const &measured() const noexcept { return access_.measured(); }

 private:
  web_access &access_;
  web_access::shared_policy policy_;
  web::login_digester digester_;
  web::login_cache cache_;
};

}  // namespace loopmeter::server
