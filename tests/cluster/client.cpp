// SPDX-License-Identifier: Apache-2.0
// A client that runs in a Pod and asks through a Service at a steady rate, whether it is answered
// or not. It does what HTTP asks of one: it obeys `Connection: close`, and a request that finds its
// kept connection closed, before a word of the answer, is sent again once over a new one. Whatever
// else goes wrong is a failure. One thread; linked statically, so that it runs in any image.
//
// usage: client IPV4:PORT PATH REQUESTS_PER_SECOND
//        client stop        in the same container: what is under way is answered, then it ends
// Every other request wants a connection of its own, the others share kept ones. All are traced:
// the trace's number is the request's. stdout: each second, and last after SIGTERM or SIGINT, when
// all is answered, a line of JSON: sent,
//         answered_on_new, answered_on_kept, asked_again, failed (counts), slowest_ms, done; and a
//         line for each of the first failures
// exit:   0 none failed, 1 some did, 2 bad usage
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;

constexpr std::chrono::seconds patience{60};
constexpr std::size_t failures_told = 20;

// A handler may do no more than that.
volatile std::sig_atomic_t told_to_stop = 0;

struct wanted {
  sockaddr_in address{};
  std::string path;
  double per_second = 0;
};

struct counts {
  std::uint64_t sent = 0;
  std::uint64_t answered_on_new = 0;
  std::uint64_t answered_on_kept = 0;
  std::uint64_t asked_again = 0;
  std::uint64_t failed = 0;
};

// A connection: in use by one request, or idle.
struct connection {
  int socket = -1;
  bool used_before = false;  // it has answered already
  bool keep = false;         // the request wants it kept
  bool busy = false;
  bool connecting = false;
  time_point asked{};
  std::string received{};
};

// What an answer says that matters here. `length` is 0 until all of its head is there.
struct answer {
  std::size_t length = 0;
  bool ok = false;
  bool closes = false;
};

answer understand(std::string_view text) {
  auto const end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  auto const head = text.substr(0, end + 2);
  std::string_view const field = "\r\nContent-Length: ";
  auto const at = head.find(field);
  std::size_t body = 0;
  if (at == std::string_view::npos ||
      std::from_chars(head.data() + at + field.size(), head.data() + head.size(), body).ec !=
          std::errc{})
    return {.length = text.size()};
  return {.length = end + 4 + body,
          .ok = head.starts_with("HTTP/1.1 200 "),
          .closes = head.find("\r\nConnection: close\r\n") != std::string_view::npos};
}

[[noreturn]] void fail(char const *what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class client {
 public:
  explicit client(wanted const &what) : wanted_(what), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1");
  }

  int run() {
    auto const begin = clock_type::now();
    auto next_line = begin + std::chrono::seconds(1);
    for (;;) {
      auto const now = clock_type::now();
      auto const due = [&] {
        return begin +
               std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(
                   static_cast<double>(counts_.sent) / wanted_.per_second));
      };
      while (told_to_stop == 0 && due() <= now) {
        ++counts_.sent;
        ask(counts_.sent % 2 == 0);
      }
      drop_the_late(now);
      if (told_to_stop != 0 && std::none_of(connections_.begin(), connections_.end(),
                                            [](auto const &each) { return each.busy; }))
        break;
      if (now >= next_line) {
        print(false);
        next_line += std::chrono::seconds(1);
      }
      wait(told_to_stop != 0 ? next_line : std::min(next_line, due()));
    }
    print(true);
    return counts_.failed == 0 ? 0 : 1;
  }

 private:
  using iterator = std::list<connection>::iterator;

  void ask(bool keep) {
    if (keep) {
      auto const idle = std::find_if(connections_.begin(), connections_.end(),
                                     [](auto const &each) { return !each.busy; });
      if (idle != connections_.end()) {
        idle->asked = clock_type::now();
        send(idle);
        return;
      }
    }
    connect(keep, clock_type::now());
  }

  void connect(bool keep, time_point asked) {
    int const made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) fail("socket");
    int const on = 1;
    ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.push_back(
        {.socket = made, .keep = keep, .busy = true, .connecting = true, .asked = asked});
    auto const it = std::prev(connections_.end());
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &*it}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, made, &event) != 0) fail("epoll_ctl");
    if (::connect(made, reinterpret_cast<sockaddr const *>(&wanted_.address),
                  sizeof wanted_.address) == 0)
      send(it);
    else if (errno != EINPROGRESS)
      give_up(it, "connect", errno);
  }

  void send(iterator it) {
    it->connecting = false;
    it->busy = true;
    std::array<char, 80> trace;
    std::snprintf(trace.data(), trace.size(), "traceparent: 00-%032llx-%016llx-01\r\n",
                  static_cast<unsigned long long>(counts_.sent),
                  static_cast<unsigned long long>(counts_.sent));
    std::string request = "GET " + wanted_.path + " HTTP/1.1\r\nHost: client\r\n";
    request += trace.data();
    request += it->keep ? "\r\n" : "Connection: close\r\n\r\n";
    // So little always fits, where the peer is there.
    if (::send(it->socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      give_up(it, "send", errno);
  }

  void event(iterator it, std::uint32_t events) {
    if (it->connecting) {
      if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(it->socket, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return give_up(it, "connect", error);
      return send(it);
    }
    read(it);
  }

  void read(iterator it) {
    std::array<char, 4096> buffer;
    for (;;) {
      auto const count = ::recv(it->socket, buffer.data(), buffer.size(), 0);
      if (count > 0) {
        it->received.append(buffer.data(), static_cast<std::size_t>(count));
        continue;
      }
      int const error = count < 0 ? errno : 0;
      if (error == EAGAIN) break;
      return ended(it, error);
    }
    if (it->received.empty()) return;
    auto const found = understand(it->received);
    if (found.length == 0 || it->received.size() < found.length) return;
    if (!it->busy || it->received.size() > found.length)
      return give_up(it, "more than an answer", 0);
    answered(it, found);
  }

  // The peer closed it, or it is broken; what came before may be a whole answer.
  void ended(iterator it, int error) {
    if (!it->busy) {
      // Nobody waits; but a kept connection is closed with a FIN.
      if (error != 0) tell_failure("idle", error);
      return close(it);
    }
    auto const found = understand(it->received);
    if (error == 0 && found.length != 0 && it->received.size() == found.length)
      return answered(it, found);
    if (error == 0 && it->received.empty() && it->used_before) {
      ++counts_.asked_again;
      auto const asked = it->asked;
      close(it);
      return connect(true, asked);
    }
    give_up(it, it->received.empty() ? "closed without an answer" : "cut", error);
  }

  void answered(iterator it, answer const &found) {
    if (!found.ok) {
      return give_up(it, it->received.substr(0, it->received.find('\r')).c_str(), 0);
    }
    slowest_ = std::max(slowest_, clock_type::now() - it->asked);
    ++(it->used_before ? counts_.answered_on_kept : counts_.answered_on_new);
    if (found.closes || !it->keep) return close(it);
    it->busy = false;
    it->used_before = true;
    it->received.clear();
  }

  void drop_the_late(time_point now) {
    for (auto it = connections_.begin(); it != connections_.end();) {
      auto const next = std::next(it);
      if (it->busy && now - it->asked > patience) give_up(it, "no answer in a minute", 0);
      it = next;
    }
  }

  void give_up(iterator it, char const *what, int error) {
    tell_failure(what, error);
    close(it);
  }

  void tell_failure(char const *what, int error) {
    ++counts_.failed;
    if (counts_.failed <= failures_told)
      std::printf("{\"failure\": \"%s%s%s\", \"at\": %lld}\n", what, error != 0 ? ": " : "",
                  error != 0 ? std::generic_category().message(error).c_str() : "",
                  static_cast<long long>(
                      std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  }

  void close(iterator it) {
    ::close(it->socket);
    connections_.erase(it);
  }

  void wait(time_point until) {
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_type::now());
    std::array<epoll_event, 64> events;
    int const count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; ++i) {
      auto const &each = events[static_cast<std::size_t>(i)];
      // One that an earlier event of this batch closed is not in the list any more.
      auto const it = std::find_if(connections_.begin(), connections_.end(),
                                   [&](auto const &one) { return &one == each.data.ptr; });
      if (it != connections_.end()) event(it, each.events);
    }
  }

  void print(bool done) const {
    std::printf(
        "{\"sent\": %llu, \"answered_on_new\": %llu, \"answered_on_kept\": %llu, "
        "\"asked_again\": %llu, \"failed\": %llu, \"slowest_ms\": %lld, \"done\": %s}\n",
        static_cast<unsigned long long>(counts_.sent),
        static_cast<unsigned long long>(counts_.answered_on_new),
        static_cast<unsigned long long>(counts_.answered_on_kept),
        static_cast<unsigned long long>(counts_.asked_again),
        static_cast<unsigned long long>(counts_.failed),
        static_cast<long long>(
            std::chrono::duration_cast<std::chrono::milliseconds>(slowest_).count()),
        done ? "true" : "false");
    std::fflush(stdout);
  }

  wanted const &wanted_;
  int epoll_;
  std::list<connection> connections_{};
  counts counts_{};
  clock_type::duration slowest_{};
};

wanted parse(int argc, char **argv) {
  if (argc != 4) throw std::invalid_argument("three arguments are needed");
  std::string_view const address = argv[1];
  auto const colon = address.rfind(':');
  std::uint16_t port = 0;
  wanted result;
  if (colon == std::string_view::npos ||
      std::from_chars(argv[1] + colon + 1, argv[1] + address.size(), port).ec != std::errc{} ||
      ::inet_pton(AF_INET, std::string(address.substr(0, colon)).c_str(),
                  &result.address.sin_addr) != 1)
    throw std::invalid_argument("no address like 10.96.0.10:8080");
  result.address.sin_family = AF_INET;
  result.address.sin_port = htons(port);
  result.path = argv[2];
  char *end = nullptr;
  result.per_second = std::strtod(argv[3], &end);
  if (*end != '\0' || !(result.per_second > 0))
    throw std::invalid_argument("no rate in requests per second");
  return result;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 2 && std::string_view(argv[1]) == "stop") return ::kill(1, SIGTERM) == 0 ? 0 : 1;
  wanted what;
  try {
    what = parse(argc, argv);
  } catch (std::exception const &error) {
    std::fprintf(stderr, "client: error: %s\nusage: client IPV4:PORT PATH REQUESTS_PER_SECOND\n",
                 error.what());
    return 2;
  }
  // As process 1 of a container it has no default action for signals.
  struct sigaction action {};
  action.sa_handler = [](int) { told_to_stop = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  try {
    return client(what).run();
  } catch (std::exception const &error) {
    std::fprintf(stderr, "client: error: %s\n", error.what());
    return 1;
  }
}
