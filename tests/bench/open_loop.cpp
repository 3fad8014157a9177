// SPDX-License-Identifier: Apache-2.0
// Load at a steady rate, whether it is answered or not, and the time from when a request was due to
// its last octet: a server that stalls is not asked less. One thread that spins; while it runs it
// can also scrape, once a second, on a connection of its own.
//
// usage: open-loop PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS [SCRAPED_PATH ACCEPT_ENCODING]
// stdout: one line of JSON: requests, scrapes, scraped_bytes, and in microseconds the quantiles
// from p10 to p9999 (p999 is 99.9 %) and max
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;

std::array<char, 65536> buffer;

constexpr std::array<std::pair<char const *, double>, 10> quantiles{{
    {"p10", 0.1},
    {"p50", 0.5},
    {"p75", 0.75},
    {"p90", 0.9},
    {"p95", 0.95},
    {"p99", 0.99},
    {"p995", 0.995},
    {"p999", 0.999},
    {"p9999", 0.9999},
    {"max", 1},
}};

int connect_to(std::uint16_t port) {
  int const made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int const on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(made, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::generic_category(), "connect");
  return made;
}

std::string get(std::string_view path, std::string_view field = {}) {
  std::string head = "GET ";
  head.append(path).append(" HTTP/1.1\r\nHost: bench\r\n").append(field).append("\r\n");
  return head;
}

void send_all(int socket, std::string_view text) {
  // A request is small and few are under way: it always fits.
  if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    throw std::system_error(errno, std::generic_category(), "send");
}

// What has arrived; 0 if nothing has.
std::size_t receive(int socket) {
  auto const count = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count < 0 && errno == EAGAIN) return 0;
  throw std::runtime_error("the server closed a connection");
}

// How long an answer is: all of them are, since they differ in nothing but the date.
std::size_t answer_length(int socket, std::string_view request) {
  send_all(socket, request);
  std::string text;
  std::size_t length = 0;
  while (length == 0 || text.size() < length) {
    text.append(buffer.data(), receive(socket));
    auto const end = text.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    // Hyper writes its fields in small letters.
    auto const field = std::min(text.find("Content-Length: "), text.find("content-length: "));
    if (!text.starts_with("HTTP/1.1 200") || field > end)
      throw std::runtime_error("not an answer of 200 with Content-Length: " + text);
    length = end + 4 + std::strtoul(text.c_str() + field + 16, nullptr, 10);
  }
  return length;
}

struct connection {
  int socket;
  std::size_t received = 0;      // of the answer under way
  std::deque<time_point> due{};  // of the requests without an answer
};

struct load {
  std::uint16_t port;
  std::string request;
  double per_second;
  double seconds;
  std::size_t connections;
  std::string scrape;  // empty: none
};

class run {
 public:
  explicit run(load const &wanted) : wanted_(wanted) {
    for (std::size_t i = 0; i < wanted.connections; ++i)
      connections_.push_back({connect_to(wanted.port)});
    length_ = answer_length(connections_.front().socket, wanted.request);
    if (!wanted.scrape.empty()) scraper_ = connect_to(wanted.port);
  }

  void go() {
    auto const begin = clock_type::now();
    auto const total = static_cast<std::size_t>(wanted_.per_second * wanted_.seconds);
    microseconds_.reserve(total);
    std::size_t sent = 0;
    while (microseconds_.size() < total) {
      auto const now = clock_type::now();
      double const elapsed = std::chrono::duration<double>(now - begin).count();
      if (elapsed > wanted_.seconds + 10) throw std::runtime_error("answers are missing");
      for (; sent < total && static_cast<double>(sent) / wanted_.per_second <= elapsed; ++sent) {
        auto &next = connections_[sent % connections_.size()];
        next.due.push_back(
            begin + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(
                        static_cast<double>(sent) / wanted_.per_second)));
        send_all(next.socket, wanted_.request);
      }
      for (auto &each : connections_)
        if (!each.due.empty()) read_answers(each);
      if (scraper_ >= 0) scrape(elapsed);
    }
  }

  void print() {
    std::sort(microseconds_.begin(), microseconds_.end());
    auto const at = [this](double share) {
      auto const last = microseconds_.size() - 1;
      return microseconds_[static_cast<std::size_t>(share * static_cast<double>(last))];
    };
    std::printf("{\"requests\": %zu, \"scrapes\": %zu, \"scraped_bytes\": %zu",
                microseconds_.size(), scrapes_, scraped_bytes_);
    for (auto const &[name, share] : quantiles)
      std::printf(", \"%s\": %.1f", name, at(share));
    std::puts("}");
  }

 private:
  void read_answers(connection &of) {
    auto const count = receive(of.socket);
    if (count == 0) return;
    auto const now = clock_type::now();
    for (of.received += count; of.received >= length_; of.received -= length_) {
      if (of.due.empty()) throw std::runtime_error("an answer too many, or of another length");
      microseconds_.push_back(
          std::chrono::duration<double, std::micro>(now - of.due.front()).count());
      of.due.pop_front();
    }
  }

  // One slice a turn, so that our own reading does not hold the load up.
  void scrape(double elapsed) {
    scraped_bytes_ += receive(scraper_);
    if (elapsed < static_cast<double>(scrapes_) + 0.5) return;
    ++scrapes_;
    send_all(scraper_, wanted_.scrape);
  }

  load const &wanted_;
  std::vector<connection> connections_{};
  std::size_t length_ = 0;
  std::vector<double> microseconds_{};
  int scraper_ = -1;
  std::size_t scrapes_ = 0;
  std::size_t scraped_bytes_ = 0;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc != 6 && argc != 8) {
    std::fputs(
        "usage: open-loop PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS "
        "[SCRAPED_PATH ACCEPT_ENCODING]\n",
        stderr);
    return 2;
  }
  try {
    load const wanted{
        .port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
        .request = get(argv[2]),
        .per_second = std::strtod(argv[3], nullptr),
        .seconds = std::strtod(argv[4], nullptr),
        .connections = std::max(1UL, std::strtoul(argv[5], nullptr, 10)),
        .scrape =
            argc == 6 ? "" : get(argv[6], "Accept-Encoding: " + std::string(argv[7]) + "\r\n"),
    };
    run measured(wanted);
    measured.go();
    measured.print();
    return 0;
  } catch (std::exception const &error) {
    std::fprintf(stderr, "open-loop: %s\n", error.what());
    return 1;
  }
}
