// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/listener.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>

#include <loopmeter/base/log.hpp>
#include <loopmeter/server/log_gate.hpp>
#include <loopmeter/server/serve.hpp>

namespace loopmeter::server {

namespace {

using boost::system::system_error;

[[noreturn]] void refuse_address(std::string_view text, char const *why) {
  throw std::invalid_argument("\"" + std::string(text) + "\": " + why +
                              "; allowed is HOST:PORT, [IPV6]:PORT or :PORT with a port from 0 to"
                              " 65535");
}

[[noreturn]] void fail(std::string const &address, int error) {
  throw system_error(error, boost::system::system_category(), "listen on " + address);
}

void set_option(int socket, int level, int name, int value) {
  ::setsockopt(socket, level, name, &value, sizeof value);
}

int seconds(std::chrono::milliseconds time) {
  return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

// A peer that vanished without a word, while its handler runs and no deadline does, is found out by
// the kernel. Its user timeout takes the place of a number of probes (tcp(7)).
void set_options_to_inherit(int socket, limits const &bounds) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds(bounds.keepalive_idle));
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, seconds(bounds.keepalive_interval));
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(bounds.user_timeout.count()));
}

unique_fd open_socket(addrinfo const &where, limits const &bounds, bool share_before, int &error) {
  unique_fd socket(::socket(where.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  error = errno;
  if (!socket) return {};
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (where.ai_family == AF_INET6) {
    auto const *v6 = reinterpret_cast<sockaddr_in6 const *>(where.ai_addr);
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY,
               IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) ? 0 : 1);
  }
  if (share_before) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  set_options_to_inherit(socket.get(), bounds);
  if (::bind(socket.get(), where.ai_addr, where.ai_addrlen) != 0 ||
      ::listen(socket.get(), static_cast<int>(bounds.listen_backlog)) != 0) {
    error = errno;
    return {};
  }
  if (!share_before) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  return socket;
}

// While two processes try for one port, each may be in the other's way for an instant, although one
// of them will have it: only what lasts is an error.
constexpr int bind_attempts_max = 20;
constexpr std::chrono::milliseconds bind_pause{5};

unique_fd open_patiently(addrinfo const &where, limits const &bounds, bool share_before,
                         int &error) {
  for (int attempt = 1;; ++attempt) {
    auto socket = open_socket(where, bounds, share_before, error);
    if (socket || error != EADDRINUSE || attempt == bind_attempts_max) return socket;
    std::this_thread::sleep_for(bind_pause);
  }
}

bool is_absent(int error) noexcept {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

// The first of the addresses that this host has: "localhost" may stand for one of each family.
unique_fd open_first(addrinfo const *list, limits const &bounds, bool reuse_port, addrinfo &chosen,
                     int &error) {
  unique_fd socket;
  for (; list != nullptr && !socket; list = list->ai_next) {
    chosen = *list;
    socket = open_patiently(chosen, bounds, reuse_port, error);
    if (!socket && !is_absent(error)) break;
  }
  return socket;
}

using resolved = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

resolved resolve(listen_address const &address, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo *list = nullptr;
  auto const port = std::to_string(address.port);
  int const error = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                  port.c_str(), &hints, &list);
  if (error != 0) {
    throw system_error(EINVAL, boost::system::system_category(),
                       "listen on " + address.text() + " (" + ::gai_strerror(error) + ")");
  }
  return {list, &::freeaddrinfo};
}

using accept_error = connection_metrics::accept_error;

accept_error reason_of_accept(int error) noexcept {
  switch (error) {
    case EMFILE:
    case ENFILE:
      return accept_error::descriptors;
    case ENOBUFS:
    case ENOMEM:
      return accept_error::memory;
    case ECONNABORTED:
    case EPROTO:
      return accept_error::aborted;
    default:
      return accept_error::other;
  }
}

bool has_whole_head(int socket) {
  std::array<char, 4096> begin;
  auto const size = ::recv(socket, begin.data(), begin.size(), MSG_PEEK | MSG_DONTWAIT);
  return size > 0 &&
         std::string_view(begin.data(), static_cast<std::size_t>(size)).find("\r\n\r\n") !=
             std::string_view::npos;
}

// For a listening socket: drops every segment that begins a handshake. The kernel shows a filter of
// a TCP socket the segment from its TCP header on (RFC 9293 section 3.1).
constexpr std::uint32_t tcp_flags_offset = 13;
constexpr std::uint32_t tcp_syn = 0x02;
constexpr std::uint32_t tcp_ack = 0x10;
constexpr std::array<sock_filter, 5> no_handshakes{
    sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, tcp_flags_offset),
    sock_filter BPF_STMT(BPF_ALU | BPF_AND | BPF_K, tcp_syn | tcp_ack),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, tcp_syn, 0, 1),
    sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
    sock_filter BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
};

}  // namespace

std::string listen_address::text() const {
  bool const v6 = host.find(':') != std::string::npos;
  return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

listen_address parse_listen_address(std::string_view text) {
  auto const colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse_address(text, "no port");
  auto host = text.substr(0, colon);
  auto const port = text.substr(colon + 1);
  listen_address parsed;
  auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (error != std::errc{} || end != port.data() + port.size()) refuse_address(text, "bad port");
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    refuse_address(text, "an IPv6 address stands in brackets");
  }
  parsed.host = host;
  return parsed;
}

std::vector<unique_fd> listen_on(listen_address const &address, unsigned count,
                                 limits const &bounds, bool reuse_port) {
  // All addresses means IPv6 that takes IPv4 too; IPv4 alone where the kernel has no IPv6.
  auto list = resolve(address, address.host.empty() ? AF_INET6 : AF_UNSPEC);
  int error = 0;
  addrinfo same{};
  auto first = open_first(list.get(), bounds, reuse_port, same, error);
  if (!first && address.host.empty() && is_absent(error)) {
    list = resolve(address, AF_INET);
    first = open_first(list.get(), bounds, reuse_port, same, error);
  }
  if (!first) fail(address.text(), error);

  std::vector<unique_fd> sockets;
  sockets.push_back(std::move(first));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(sockets[0].get(), reinterpret_cast<sockaddr *>(&bound), &size) != 0) {
    fail(address.text(), errno);
  }
  same.ai_addr = reinterpret_cast<sockaddr *>(&bound);
  same.ai_addrlen = size;
  while (sockets.size() < count) {
    sockets.push_back(open_patiently(same, bounds, true, error));
    if (!sockets.back()) fail(address.text(), error);
  }
  return sockets;
}

std::string bound_address(unique_fd const &socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  auto *address = reinterpret_cast<sockaddr *>(&bound);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getsockname(socket.get(), address, &size) != 0 ||
      ::getnameinfo(address, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  std::string const text(host.data());
  bool const v6 = text.find(':') != std::string::npos;
  return (v6 ? '[' + text + ']' : text) + ':' + port.data();
}

listener::listener(loop &owner, unique_fd socket, std::vector<loop *> homes)
    : loop_(owner),
      homes_(std::move(homes)),
      socket_(owner.context, socket.release()),
      pause_(owner.sleeps) {
  reserve_.add_listener();
}

listener::~listener() {
  reserve_.remove_listener();
}

void listener::start() {
  // Only a lack of memory ends run() by an exception, and even that is no reason to stop listening.
  asio::co_spawn(loop_.context, run(), [this](std::exception_ptr const &failed) {
    if (failed && !stopping_) start();
  });
}

task<void> listener::run() {
  while (!stopping_) {
    auto now = accept_some();
    if (now == outcome::exhausted) {
      co_await pause_.async_sleep(loop_.common.limits.accept_backoff, no_throw);
      if (stopping_) co_return;
      // Only now, so that who came just before has had the time to send its request.
      now = shed_without_descriptors();
    }
    if (now == outcome::drained) {
      co_await socket_.async_wait(asio::posix::descriptor_base::wait_read, no_throw);
      loop_.clock.update();
    } else {
      co_await asio::post(loop_.context.get_executor(), asio::deferred);
    }
  }
}

listener::outcome listener::accept_some() {
  if (reserve_.low()) return accept_failed(EMFILE);
  for (unsigned i = 0; i < loop_.common.limits.accepts_per_wake_max; ++i) {
    unique_fd accepted(
        ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) {
      auto const error = errno;
      if (error == EAGAIN) return outcome::drained;
      if (auto const what = accept_failed(error); what != outcome::more) return what;
      continue;
    }
    try {
      hand_over(std::move(accepted));
    } catch (std::bad_alloc const &) {
      return accept_failed(ENOMEM);
    }
  }
  return outcome::more;
}

void listener::hand_over(unique_fd accepted) {
  // The last ones are served here: another worker may have ended already.
  auto &home = homes_.empty() || stopping_ ? loop_ : *homes_[next_home_++ % homes_.size()];
  if (&home == &loop_) return admit(loop_, std::move(accepted));
  asio::post(home.context, [&home, socket = std::move(accepted)]() mutable {
    home.clock.update();
    admit(home, std::move(socket));
  });
}

// Nothing that accept() can say ends the listener: some errors belong to a connection that is gone,
// the others pass when descriptors or memory come back.
listener::outcome listener::accept_failed(int error) {
  auto const reason = reason_of_accept(error);
  if (error == EINTR) return outcome::more;
  loop_.common.connections.accept_errors.at(reason).inc();
  if (reason == accept_error::aborted) return outcome::more;
  if (reason == accept_error::descriptors) reserve_.ran_out();
  static log_gate gate;  // of the process: once a second, however many workers are at their end
  if (auto const left_out = gate.pass(loop_.clock.now())) {
    log::warn("cannot accept",
              {{"error", error_code(error, boost::system::system_category()).message()},
               {"left_out", *left_out}});
  }
  return outcome::exhausted;
}

// Without a descriptor they would stand in the queue for ever. With one that was kept back each is
// told that it is not served; but who has sent a whole head is answered on it, so that probes and
// scrapes get through.
listener::outcome listener::shed_without_descriptors() {
  loop_.turned_away.close_all();
  for (unsigned i = 0; i < loop_.common.limits.accepts_per_wake_max; ++i) {
    unique_fd accepted;
    int error = 0;
    if (!reserve_.accept(socket_.native_handle(), accepted, error)) return outcome::more;
    if (!accepted) return error == EAGAIN ? outcome::drained : outcome::more;
    if (has_whole_head(accepted.get())) {
      begin_serving(loop_, std::move(accepted), loop_.entrance.enter_last());
    } else {
      tell_overloaded(accepted.get(), loop_.tls());
    }
  }
  return outcome::more;
}

void listener::close_gate() noexcept {
  sock_fprog const program{no_handshakes.size(), const_cast<sock_filter *>(no_handshakes.data())};
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void listener::stop() {
  if (stopping_) return;
  stopping_ = true;
  while (accept_some() == outcome::more) {
  }
  error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
}

}  // namespace loopmeter::server
