// SPDX-License-Identifier: Apache-2.0
// The part of a connection that asks who its peer is, where a web configuration says so.
#include <loopmeter/server/connection.hpp>

#include <utility>

namespace loopmeter::server {

// Before anything else is looked at: whoever may not ask does not learn what is here.
connection::progress connection::admit() {
  using verdict = doorman::verdict;
  switch (loop_.doorman->judge(exchange_, loop_.clock.now())) {
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
  login_ = loop_.doorman->begin_login(exchange_, loop_.context.get_executor());
  if (login_ == nullptr) return refuse(503);
  state_ = state::login;
  keep_exchange();
  return progress::wait_login;
}

// The head has stood still meanwhile; what follows it has not been looked at.
connection::progress connection::end_login() {
  auto const &ticket = login_->ticket();
  bool const waited = std::exchange(login_waited_, false);
  if (!ticket.done && !waited) return progress::wait_login;
  state_ = state::head;
  bool const answered = ticket.done;
  bool const accepted = ticket.accepted;
  if (answered) loop_.doorman->learn(ticket);
  login_ = nullptr;
  if (!answered) {
    loop_.doorman->measured().logins.at(login_outcome::overload).inc();
    return refuse(503);
  }
  return accepted ? begin_exchange() : refuse(401);
}

}  // namespace loopmeter::server
