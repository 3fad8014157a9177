// SPDX-License-Identifier: Apache-2.0
// What a C++ service looks like today when it follows Beast's own coroutine example: a tcp_stream
// and a coroutine a connection, one async_read and one async_write a request, prometheus-cpp for
// the metrics. The benchmarks compare with it.
//
// usage: beast-awaitable PORT
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <random>
#include <string>
#include <string_view>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using request = http::request<http::empty_body>;
using response = http::response<http::string_body>;

prometheus::Histogram::BucketBoundaries const bounds{.005, .01, .025, .05, .1, .25,
                                                     .5,   1,   2.5,  5,   10};

// Of one route. The series are looked up once, as prometheus-cpp's documentation advises.
struct counted {
  prometheus::Counter &requests;
  prometheus::Histogram &durations;

  void count(std::chrono::steady_clock::duration took) const {
    requests.Increment();
    durations.Observe(std::chrono::duration<double>(took).count());
  }
};

class families {
 public:
  counted route(std::string const &path) {
    return {requests_.Add({{"path", path}, {"method", "GET"}, {"code", "200"}}),
            durations_.Add({{"path", path}, {"method", "GET"}}, bounds)};
  }
  [[nodiscard]] std::string text() const {
    return prometheus::TextSerializer{}.Serialize(registry_.Collect());
  }

 private:
  prometheus::Registry registry_{};
  prometheus::Family<prometheus::Counter> &requests_ = prometheus::BuildCounter()
                                                           .Name("demo_http_requests_total")
                                                           .Help("Total HTTP requests.")
                                                           .Register(registry_);
  prometheus::Family<prometheus::Histogram> &durations_ =
      prometheus::BuildHistogram()
          .Name("demo_http_request_duration_seconds")
          .Help("HTTP request duration in seconds.")
          .Register(registry_);
};

struct service {
  families metrics{};
  counted status = metrics.route("/status/200");
  counted hello = metrics.route("/hello");
  counted scrapes = metrics.route("/metrics");
  counted other = metrics.route("other");
  std::minstd_rand random{1};
};

std::chrono::milliseconds nap(service &of) {
  return std::chrono::milliseconds(std::uniform_int_distribution<>(0, 99)(of.random));
}

asio::awaitable<void> answer(service &of, request const &asked, response &said) {
  auto const begin = std::chrono::steady_clock::now();
  auto const path = asked.target();
  counted const *route = &of.other;
  if (path == "/status/200") {
    route = &of.status;
    said.body() = "200 OK\n";
  } else if (path == "/hello") {
    route = &of.hello;
    asio::steady_timer sleep(co_await asio::this_coro::executor, nap(of));
    co_await sleep.async_wait(use_awaitable);
    said.body() = "hello\n";
  } else if (path == "/metrics") {
    route = &of.scrapes;
    said.body() = of.metrics.text();
  } else {
    said.result(http::status::not_found);
    said.body() = "not found\n";
  }
  route->count(std::chrono::steady_clock::now() - begin);
}

asio::awaitable<void> serve(beast::tcp_stream stream, service &of) {
  beast::flat_buffer buffer;
  try {
    for (;;) {
      stream.expires_after(std::chrono::seconds(75));
      request asked;
      co_await http::async_read(stream, buffer, asked, use_awaitable);
      response said{http::status::ok, asked.version()};
      said.set(http::field::server, "beast");
      said.set(http::field::content_type, "text/plain; charset=utf-8");
      said.keep_alive(asked.keep_alive());
      co_await answer(of, asked, said);
      said.prepare_payload();
      co_await http::async_write(stream, said, use_awaitable);
      if (!said.keep_alive()) break;
    }
  } catch (boost::system::system_error const &) {
    // The client went away.
  }
  beast::error_code ignored;
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> listen(std::uint16_t port, service &of) {
  auto const executor = co_await asio::this_coro::executor;
  asio::ip::tcp::acceptor acceptor(executor, {asio::ip::address_v4::loopback(), port});
  acceptor.listen(4096);
  for (;;) {
    auto socket = co_await acceptor.async_accept(use_awaitable);
    socket.set_option(asio::ip::tcp::no_delay(true));
    asio::co_spawn(executor, serve(beast::tcp_stream(std::move(socket)), of), asio::detached);
  }
}

}  // namespace

int main(int argc, char **argv) {
  std::uint16_t port = 0;
  if (argc != 2 ||
      std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port).ec != std::errc{}) {
    std::fputs("usage: beast-awaitable PORT\n", stderr);
    return 2;
  }
  try {
    asio::io_context context(1);
    service of;
    asio::co_spawn(context, listen(port, of), [](std::exception_ptr const &error) {
      if (error) std::rethrow_exception(error);
    });
    context.run();
    return 0;
  } catch (std::exception const &error) {
    std::fprintf(stderr, "beast-awaitable: %s\n", error.what());
    return 1;
  }
}
