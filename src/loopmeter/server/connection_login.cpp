// SPDX-License-Identifier: Apache-2.0
// The part of a connection that asks who its peer is, where a web configuration says so.
#include <loopmeter/server/connection.hpp>

#include <utility>

namespace loopmeter::server {

// Before anything else is looked at: whoever may not ask does not learn what is here.
connection::progress connection::admit() {
  using verdict = doorman::verdict;
  switch (loop_.doorman->judge(request_->exchange, loop_.clock.now())) {
    case verdict::admitted:
      return begin_exchange();
    case verdict::too_many:
      return refuse(429);
    case verdict::unauthorized:
      return refuse(401);
    case verdict::unknown:
      break;
  }
  return begin_login();
}

connection::progress connection::begin_login() {
  request_->login = loop_.doorman->begin_login(request_->exchange, loop_.context.get_executor());
  if (request_->login == nullptr) return refuse(503);
  state_ = state::login;
  keep_exchange();
  return progress::wait_login;
}

// The head has stood still meanwhile; what follows it has not been looked at.
connection::progress connection::end_login() {
  auto const &ticket = request_->login->ticket();
  bool const waited = std::exchange(request_->login_waited, false);
  if (!ticket.done && !waited) return progress::wait_login;
  state_ = state::head;
  bool const answered = ticket.done;
  bool const accepted = ticket.accepted;
  if (answered) loop_.doorman->learn(ticket);
  request_->login = nullptr;
  if (!answered) {
    loop_.doorman->measured().logins.at(login_outcome::overload).inc();
    return refuse(503);
  }
  return accepted ? begin_exchange() : refuse(401);
}

}  // namespace loopmeter::server
