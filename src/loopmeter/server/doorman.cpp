// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/doorman.hpp>

#include <loopmeter/web/basic_auth.hpp>

namespace loopmeter::server {

std::unique_ptr<web::tls_stream> doorman::new_stream() const {
  if (policy_->tls() == nullptr) return nullptr;
  return std::make_unique<web::tls_stream>(policy_->tls());
}

doorman::verdict doorman::judge(exchange const &x, clock::time_point now) {
  if (!policy_->allow(now)) return verdict::too_many;
  if (!policy_->asks_for_login()) return verdict::admitted;
  web::basic_credentials login;
  if (!login.parse(x.field("Authorization"))) return verdict::unauthorized;
  auto const user = policy_->find_user(login.user());
  auto const before = cache_.find(digester_.of(login.user(), user.hash, login.password()));
  if (!before) return verdict::unknown;
  return *before ? verdict::admitted : verdict::unauthorized;
}

std::unique_ptr<login_wait> doorman::begin_login(exchange &x,
                                                 asio::io_context::executor_type const &home) {
  web::basic_credentials login;
  login.parse(x.field("Authorization"));
  auto const user = policy_->find_user(login.user());
  auto ticket =
      std::make_shared<login_ticket>(digester_.of(login.user(), user.hash, login.password()),
                                     user.known, user.hash, login.password(), home);
  if (!access_.desk().enqueue(ticket)) return nullptr;
  return std::make_unique<login_wait>(access_.desk(), std::move(ticket), x);
}

}  // namespace loopmeter::server
