// SPDX-License-Identifier: Apache-2.0
// Handlers that have content in pieces: what they read, what a client gets, and how it ends.
#include <loopmeter/server/stream.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <loopmeter/server/serve.hpp>

#include "service.hpp"
#include "stream_routes.hpp"
#include "unchunk.hpp"
#include "worker_parts.hpp"

using namespace std::literals;
using test::body_of;
using test::status_of;

namespace {

constexpr auto tiny_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv;

std::string post(std::string_view path, std::string_view fields, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}
std::string post_by_length(std::string_view path, std::string_view body) {
  return post(path, "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}
constexpr auto chunked = "Transfer-Encoding: chunked\r\n"sv;

loopmeter::server::options with(auto change) {
  auto chosen = test::default_options();
  change(chosen.limits);
  return chosen;
}

bool is_reset(std::system_error const &e) {
  return e.code().value() == ECONNRESET;
}

struct served {
  explicit served(loopmeter::server::options const &chosen = test::default_options())
      : service(test::stream_routes(), chosen), client(service.port()) {}

  std::string exchange(std::string_view request) {
    client.send(request);
    return client.answer();
  }
  void check_that_it_goes_on() { BOOST_TEST(body_of(exchange(tiny_get)) == "hello\n"); }
  std::int64_t hits(std::string_view limit) const {
    return service.value("loopmeter_http_limit_hits_total{limit=\"" + std::string(limit) + "\"}");
  }
  void wait_for_code(std::string_view path, std::string_view method, int code) const {
    service.wait_for("test_http_requests_total{path=\"" + std::string(path) + "\",method=\"" +
                         std::string(method) + "\",code=\"" + std::to_string(code) + "\"}",
                     1);
  }

  test::service service;
  test::client client;
};

// The coroutine of a connection on this thread, so that a test says what it sees at once.
struct stepped : test::worker_parts {
  stepped() : test::worker_parts(test::stream_routes()) {
    loopmeter::server::begin_serving(worker, std::move(sockets.ours), {});
  }
  void sends_and_is_read(std::string_view text) {
    peer_sends(text);
    test::wait_for_octets(ours, text.size());
    run_until([this] {
      int unread = 0;
      ::ioctl(ours, FIONREAD, &unread);
      return unread == 0;
    });
  }
  std::string answered_so_far() const {
    std::string text(std::size_t{1} << 20U, '\0');
    auto const count = ::recv(sockets.peer.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return text;
  }
  std::string run_until_answered(std::string_view end) {
    std::string all;
    run_until([&] { return (all += answered_so_far()).ends_with(end); });
    return all;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_stream)

// --- small exchanges look as if they had been held as a whole ------------------------------------

BOOST_FIXTURE_TEST_CASE(a_small_echo_has_its_length, served) {
  for (std::size_t size : {0U, 1U, 65536U}) {
    std::string const body(size, 'e');
    for (auto const &request :
         {post_by_length("/echo", body),
          post("/echo", chunked, body.empty() ? "0\r\n\r\n" : test::chunk(body) + "0\r\n\r\n")}) {
      auto const answer = exchange(request);
      BOOST_TEST(answer.find("Content-Length: " + std::to_string(size) + "\r\n") != answer.npos);
      BOOST_TEST(answer.find("chunked") == answer.npos);
      BOOST_TEST((body_of(answer) == body));
    }
  }
  BOOST_TEST(body_of(exchange("POST /echo HTTP/1.1\r\nHost: a\r\n\r\n")).empty());
  BOOST_TEST(service.requests("/echo", "POST", 200) == 7);
}

// Whatever of it came in one read: the answer and what stands behind it are the same.
BOOST_AUTO_TEST_CASE(cuts_do_not_change_the_answer) {
  auto const request = post("/echo", chunked, "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n") +
                       std::string(tiny_get);
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    stepped one;
    one.sends_and_is_read(std::string_view(request).substr(0, cut));
    one.peer_sends(std::string_view(request).substr(cut));
    auto const all = one.run_until_answered("hello\n");
    BOOST_TEST(status_of(all) == 200);
    BOOST_TEST(all.find("Content-Length: 5\r\n") != all.npos);
    BOOST_TEST(all.find("\r\n\r\nabcdeHTTP/1.1 200") != all.npos, "cut at " << cut);
  }
}

BOOST_AUTO_TEST_CASE(nor_do_octets_one_by_one) {
  stepped one;
  auto const request = post("/count", chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  for (char const octet : request)
    one.sends_and_is_read({&octet, 1});
  BOOST_TEST(body_of(one.run_until_answered("\n")) == "5 octets in 5 pieces\n");
}

BOOST_FIXTURE_TEST_CASE(a_pipeline_waits_behind_it, served) {
  client.send(post_by_length("/echo", "first") + std::string(tiny_get) +
              post("/echo", chunked, test::chunk("second") + "0\r\n\r\n") +
              post_by_length("/sleepy", "third") + std::string(tiny_get));
  BOOST_TEST(body_of(client.answer()) == "first");
  BOOST_TEST(body_of(client.answer()) == "hello\n");
  BOOST_TEST(body_of(client.answer()) == "second");
  BOOST_TEST(body_of(client.answer()) == "third");
  BOOST_TEST(body_of(client.answer()) == "hello\n");
}

BOOST_FIXTURE_TEST_CASE(an_answer_without_writes_is_a_plain_one, served) {
  client.get("/plain");
  BOOST_TEST(body_of(client.answer()) == "plainly\n");
  client.get("/pulled");
  BOOST_TEST(body_of(client.answer()).size() == 3000U);
  check_that_it_goes_on();
}

// --- large ones ----------------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_large_echo_in_full_duplex, served) {
  std::string body;
  for (std::size_t i = 0; i < 8'000'000; ++i)
    body += test::stream_octet(i);
  std::thread sender([&] { client.send(post_by_length("/echo", body)); });
  auto const answer = client.answer();
  sender.join();
  BOOST_TEST((body_of(answer) == body));
  check_that_it_goes_on();
  BOOST_TEST(service.requests("/echo", "POST", 200) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_large_one_in_chunks, served) {
  std::string const piece(100'000, 'p');
  std::string sent = post("/echo", chunked, "");
  for (int i = 0; i < 50; ++i)
    sent += test::chunk(piece);
  std::thread sender([&] { client.send(sent + "0\r\n\r\n" + std::string(tiny_get)); });
  auto const answer = test::chunked_answer(client, "hello\n");
  sender.join();
  BOOST_TEST(answer.head.find("Transfer-Encoding: chunked\r\n") != answer.head.npos);
  BOOST_TEST(answer.head.find("Content-Length") == answer.head.npos);
  BOOST_TEST((answer.content == std::string(5'000'000, 'p')));
}

BOOST_FIXTURE_TEST_CASE(http_1_0_gets_it_to_the_end_of_the_connection_or_by_its_length, served) {
  client.send("GET /write/200000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto const answer = client.rest();
  BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
  BOOST_TEST(answer.find("chunked") == answer.npos);
  BOOST_TEST((body_of(answer) == test::stream_octets(200'000)));

  test::client second(service.port());
  second.send("GET /declare/200000/200000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto const declared = second.answer();
  BOOST_TEST(declared.find("Connection: keep-alive\r\n") != declared.npos);
  BOOST_TEST(body_of(declared).size() == 200'000U);
  second.send(tiny_get);
  BOOST_TEST(body_of(second.answer()) == "hello\n");
}

BOOST_FIXTURE_TEST_CASE(head_is_told_what_get_would_be, served) {
  struct told {
    char const *path;
    char const *line;
  };
  for (auto const &[path, line] : {told{"/write/1000000000000", "Transfer-Encoding: chunked\r\n"},
                                   told{"/write/300", "Content-Length: 300\r\n"},
                                   told{"/declare/7000/7000", "Content-Length: 7000\r\n"},
                                   told{"/declare/7000/0", "Content-Length: 7000\r\n"},
                                   told{"/trickle", "Transfer-Encoding: chunked\r\n"},
                                   told{"/plain", "Content-Length: 8\r\n"}}) {
    client.send("HEAD "s + path + " HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(tiny_get));
    BOOST_TEST(client.answer(true).find(line) != std::string::npos, path);
    BOOST_TEST(body_of(client.answer()) == "hello\n");
  }
  BOOST_TEST(service.requests("/write/{n}", "HEAD", 200) == 2);
  BOOST_TEST(service.value("loopmeter_http_handler_exceptions_total") == 0);
}

BOOST_FIXTURE_TEST_CASE(a_flushed_piece_is_there_before_the_next_is_made, served) {
  client.get("/trickle");
  std::string all;
  for (auto const *piece : {"one\r\n", "two\r\n", "three\r\n"}) {
    while (all.find(piece) == all.npos)  // the end may come together with the last
      all += client.receive_some();
    ++test::trickle_steps;
  }
  while (!all.ends_with("0\r\n\r\n"))
    all += client.receive_some();
  check_that_it_goes_on();
}

// --- content that is no good ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(bad_content_is_refused_while_the_answer_has_not_begun) {
  served s(with([](auto &l) { l.streamed_body_bytes_max = 1000; }));
  struct refusal {
    std::string request;
    int status;
    bool half_close;
  };
  for (auto const &r : {
           refusal{post("/count", "Content-Length: 1001\r\n", ""), 413, false},
           refusal{post("/count", chunked, "3e9\r\n"), 413, false},
           refusal{post("/count", chunked, "5\r\nhello!!\r\n"), 400, false},
           refusal{post("/count", chunked, "0\r\nX: " + std::string(5000, 'x')), 431, false},
           refusal{post("/count", "Content-Length: 9\r\n", "abc"), 400, true},
           refusal{post("/count", chunked, "5\r\nhello\r\n"), 400, true},
       }) {
    test::client one(s.service.port());
    one.send(r.request);
    if (r.half_close) one.finish_sending();
    auto const answer = one.rest();
    BOOST_TEST(status_of(answer) == r.status, r.request.substr(30));
    BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
  }
  BOOST_TEST(s.service.requests("/count", "POST", 413) == 2);
  BOOST_TEST(s.service.requests("/count", "POST", 400) == 3);
  BOOST_TEST(s.service.requests("/count", "POST", 431) == 1);
  BOOST_TEST(s.hits("streamed_body_bytes") == 2);
  BOOST_TEST(s.hits("trailer_bytes") == 1);
  BOOST_TEST(s.hits("body_bytes") == 0);
  BOOST_TEST(s.service.value("loopmeter_http_handler_exceptions_total") == 0);
}

BOOST_AUTO_TEST_CASE(content_that_does_not_come_is_waited_for_for_a_while) {
  served s(with([](auto &l) { l.body_timeout = std::chrono::milliseconds(50); }));
  for (auto const &request : {post("/count", "Content-Length: 9\r\n", "abc"),
                              post("/count", chunked, "5\r\nhel"), post("/count", chunked, "")}) {
    test::client one(s.service.port());
    one.send(request);
    auto const answer = one.rest();
    BOOST_TEST(status_of(answer) == 408);
    BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
  }
  BOOST_TEST(s.service.requests("/count", "POST", 408) == 3);
  test::client begun(s.service.port());
  begun.send(post("/echo", "Content-Length: 200000\r\n", std::string(100'000, 'x')));
  BOOST_CHECK_EXCEPTION(begun.rest(), std::system_error, is_reset);
  s.wait_for_code("/echo", "POST", 408);
  BOOST_TEST(s.service.value("loopmeter_http_connections_cut_total") == 1);
  BOOST_TEST(s.hits("body_timeout") == 4);
}

BOOST_AUTO_TEST_CASE(it_ends_in_a_reset_when_the_answer_has_begun) {
  served s(with([](auto &l) { l.streamed_body_bytes_max = 300'000; }));
  auto const begun = test::chunk(std::string(100'000, 'x'));
  struct broken {
    std::string rest;
    int code;
  };
  for (auto const &[rest, code] : {broken{"5\r\nhello!!\r\n", 400}, broken{"fffff\r\n", 413}}) {
    test::client one(s.service.port());
    one.send(post("/echo", chunked, begun));
    BOOST_TEST(one.receive_some().starts_with("HTTP/1.1 200 OK\r\n"));
    one.send(rest);
    BOOST_CHECK_EXCEPTION(one.rest(), std::system_error, is_reset);
    s.wait_for_code("/echo", "POST", code);
  }
  BOOST_TEST(s.service.value("loopmeter_http_connections_cut_total") == 2);
  BOOST_TEST(s.service.requests("/echo", "POST", 200) == 0);
}

BOOST_AUTO_TEST_CASE(a_row_has_its_own_limit) {
  served s(with([](auto &l) { l.body.body_bytes_max = 10; }));
  auto const small = std::string(11, 's');
  BOOST_TEST(status_of(s.exchange(post_by_length("/count", small))) == 200);
  BOOST_TEST(status_of(s.exchange(post_by_length("/twelve", small))) == 200);
  BOOST_TEST(status_of(s.exchange(post_by_length("/twelve-whole", small))) == 200);
  for (auto const *path : {"/twelve", "/twelve-whole", "/whole"}) {
    test::client one(s.service.port());
    one.send(post_by_length(path, std::string(13, 's')));
    BOOST_TEST(status_of(one.rest()) == 413, path);
  }
}

BOOST_AUTO_TEST_CASE(the_pace_of_content) {
  loopmeter::server::limits limits;
  using std::chrono::milliseconds;
  BOOST_TEST((limits.body_time_at(0) == milliseconds(5000)));
  BOOST_TEST((limits.body_time_at(1024) == milliseconds(6000)));
  BOOST_TEST((limits.body_time_at(1 << 30) == milliseconds(5000 + (1 << 20) * 1000LL)));
  limits.body_bytes_per_second_min = 0;
  BOOST_TEST((limits.body_time_at(0) == milliseconds::max()));
}

BOOST_AUTO_TEST_CASE(what_a_worker_holds_of_pieces_is_bounded) {
  served s(with([](auto &l) { l.held_body_bytes_max = 1000; }));
  BOOST_TEST(status_of(s.exchange(post_by_length("/count", std::string(1000, 'h')))) == 200);
  auto const refused = s.exchange(post_by_length("/count", std::string(1001, 'h')));
  BOOST_TEST(status_of(refused) == 503);
  BOOST_TEST(refused.find("Retry-After: 1\r\n") != refused.npos);
  s.client.get("/write/1001");
  BOOST_TEST(status_of(s.client.answer()) == 503);
  BOOST_TEST(s.hits("held_body_bytes") == 2);
  BOOST_TEST(status_of(s.exchange(post_by_length("/count", std::string(1000, 'h')))) == 200);
}

BOOST_AUTO_TEST_CASE(so_are_those_that_wait) {
  served s(with([](auto &l) { l.waiting_requests_max = 1; }));
  s.client.send(post("/count", "Content-Length: 3\r\n", "ab"));
  test::wait_until([] { return test::streaming_now == 1; }, "the handler's begin");
  test::client second(s.service.port());
  second.get("/plain");
  BOOST_TEST(status_of(second.answer()) == 503);
  s.client.send("c");
  BOOST_TEST(status_of(s.client.answer()) == 200);
  second.get("/plain");
  BOOST_TEST(status_of(second.answer()) == 200);
  BOOST_TEST(s.hits("waiting_requests") == 1);
}

// However steady it is.
BOOST_AUTO_TEST_CASE(content_that_drips_is_too_slow) {
  served s(with([](auto &l) {
    l.body_grace = std::chrono::milliseconds(100);
    l.body_bytes_per_second_min = 1'000'000;
  }));
  s.client.send(post("/count", "Content-Length: 100000\r\n", ""));
  timeval const soon{.tv_sec = 0, .tv_usec = 10'000};
  ::setsockopt(s.client.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  std::string answer;
  auto const end = std::chrono::steady_clock::now() + test::patience;
  while (answer.empty() && std::chrono::steady_clock::now() < end) {
    try {
      s.client.send("x");
      answer = s.client.receive_some();
    } catch (std::system_error const &) {
    }
  }
  BOOST_TEST(status_of(answer) == 408);
  BOOST_TEST(s.hits("body_rate") == 1);
}

BOOST_AUTO_TEST_CASE(nobody_is_too_slow_for_the_time_that_the_handler_takes) {
  served s(with([](auto &l) {
    l.body_grace = std::chrono::milliseconds(2000);
    l.body_bytes_per_second_min = 1'000'000;
  }));
  test::slow_reader_rested = false;
  s.client.send(post("/slow-reader", "Content-Length: 10\r\n", "01234"));
  test::wait_until([] { return test::slow_reader_rested.load(); }, "the handler's rest");
  s.client.send("56789");
  BOOST_TEST(status_of(s.client.answer()) == 200);
}

BOOST_FIXTURE_TEST_CASE(expect_100_continue_is_answered_by_the_first_read, served) {
  client.send(post("/count", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  BOOST_TEST(client.answer(true) == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  BOOST_TEST(body_of(client.answer()).starts_with("5 octets"));
  // Here already.
  BOOST_TEST(status_of(exchange(
                 post("/count", "Expect: 100-continue\r\nContent-Length: 2\r\n", "hi"))) == 200);
  // HTTP/1.0 knows nothing of it.
  test::client old(service.port());
  old.send("POST /count HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  old.send("hi");
  BOOST_TEST(status_of(old.rest()) == 200);
  // Not read, not asked for; and what was not asked for cannot be told from a request.
  client.send(post("/ignore", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  auto const answer = client.rest();
  BOOST_TEST(status_of(answer) == 200);
  BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
}

BOOST_FIXTURE_TEST_CASE(content_that_nobody_reads, served) {
  // Here already: thrown away.
  BOOST_TEST(body_of(exchange(post_by_length("/ignore", std::string(1000, 'i')))) == "ignored\n");
  BOOST_TEST(body_of(exchange(post("/ignore", chunked, test::chunk("abc") + "0\r\n\r\n"))) ==
             "ignored\n");
  check_that_it_goes_on();
  // More than that: the answer, then the end, and no reset that would destroy it.
  test::client long_winded(service.port());
  long_winded.send(post("/ignore", "Content-Length: 10000000\r\n", std::string(100'000, 'i')));
  auto const answer = long_winded.rest();
  BOOST_TEST(body_of(answer) == "ignored\n");
  BOOST_TEST(answer.find("Connection: close\r\n") != answer.npos);
  // Malformed, but nobody looked.
  test::client garbled(service.port());
  garbled.send(post("/ignore", chunked, "zzz\r\n"));
  BOOST_TEST(body_of(garbled.rest()) == "ignored\n");
}

// --- handlers that fail --------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_exception_is_an_answer_until_that_has_begun, served) {
  client.get("/fail/1000");
  BOOST_TEST(status_of(client.answer()) == 500);
  client.get("/bad-status");
  BOOST_TEST(status_of(client.answer()) == 500);
  client.get("/bad-status-flushed");
  BOOST_TEST(status_of(client.answer()) == 500);
  check_that_it_goes_on();
  client.get("/fail/100000");
  BOOST_CHECK_EXCEPTION(client.rest(), std::system_error, is_reset);
  BOOST_TEST(service.requests("/fail/{n}", "GET", 500) == 2);
  BOOST_TEST(service.value("loopmeter_http_handler_exceptions_total") == 4);
}

BOOST_FIXTURE_TEST_CASE(a_declared_length_must_come_true, served) {
  client.get("/declare/500/500");
  BOOST_TEST(body_of(client.answer()).size() == 500U);
  for (auto const *small : {"/declare/500/499", "/declare/500/501"}) {
    client.get(small);
    BOOST_TEST(status_of(client.answer()) == 500, small);
  }
  for (auto const *large : {"/declare/200000/199999", "/declare/200000/200001"}) {
    test::client one(service.port());
    one.get(large);
    BOOST_CHECK_EXCEPTION(one.rest(), std::system_error, is_reset);
  }
  check_that_it_goes_on();
}

// --- clients that leave --------------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_reset_at_each_stage_ends_the_handler, served) {
  struct stage {
    char const *path;
    std::string request;
  };
  auto const get = [](std::string const &path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  for (auto const &[path, request] :
       {stage{"/count", post("/count", "Content-Length: 9\r\n", "abc")},
        stage{"/sleepy", post_by_length("/sleepy", "600000")},
        stage{"/write/{n}", get("/write/1000000000000")}}) {
    test::client leaver(service.port(), 4096);
    leaver.send(request);
    test::wait_until([] { return test::streaming_now == 1; }, "the handler's begin");
    leaver.reset();
    test::wait_until([] { return test::streaming_now == 0; }, "the handler's end");
    wait_for_code(path, request.starts_with("POST") ? "POST" : "GET", 499);
  }
  BOOST_TEST(service.value("loopmeter_http_handler_exceptions_total") == 0);
  BOOST_TEST(service.value("loopmeter_http_connections_cut_total") == 0);
}

BOOST_FIXTURE_TEST_CASE(a_fin_behind_the_content_gets_its_answer, served) {
  client.send(post_by_length("/sleepy", "300"));
  test::wait_until([] { return test::streaming_now == 1; }, "the handler's begin");
  client.finish_sending();
  BOOST_TEST(body_of(client.rest()) == "300");
  BOOST_TEST(service.requests("/sleepy", "POST", 499) == 1);
}

BOOST_AUTO_TEST_CASE(a_fin_along_with_the_content_is_no_farewell) {
  stepped one;
  one.sends_and_is_read(post("/echo", "Content-Length: 5\r\n", "he"));
  one.peer_sends("llo");
  ::shutdown(one.sockets.peer.get(), SHUT_WR);
  BOOST_TEST(body_of(one.run_until_answered("hello")) == "hello");
  std::string text;
  loopmeter::exposition::encode_text(loopmeter::metrics::gather(one.registry), text);
  BOOST_TEST(text.find("path=\"/echo\",method=\"POST\",code=\"200\"} 1\n") != text.npos);
}

BOOST_AUTO_TEST_CASE(a_reader_that_stalls_is_cut) {
  served s(with([](auto &l) { l.write_stall_timeout = std::chrono::milliseconds(50); }));
  test::client stalled(s.service.port(), 4096);
  stalled.get("/write/1000000000000");
  s.wait_for_code("/write/{n}", "GET", 499);
  BOOST_TEST(test::streaming_now == 0);
  BOOST_TEST(s.service.value("loopmeter_http_connections_cut_total") == 1);
  BOOST_TEST(s.hits("write_stall_timeout") == 1);
  BOOST_CHECK_EXCEPTION(stalled.rest(), std::system_error, is_reset);
  s.check_that_it_goes_on();
}

// What the kernel does not take is a slice or two, whoever waits for whom.
BOOST_AUTO_TEST_CASE(a_reader_that_stalls_holds_little) {
  stepped one;
  std::string_view const request = "GET /write/1000000000000 HTTP/1.1\r\nHost: a\r\n\r\n";
  one.peer_sends(request);
  std::size_t made = 0;
  for (int quiet = 0; quiet < 100; ++quiet) {  // turns without progress: it waits for us
    one.worker.context.poll();
    if (one.worker.context.stopped()) one.worker.context.restart();
    if (test::octets_written != made) quiet = 0;
    made = test::octets_written;
  }
  int unsent = 0;
  int unread = 0;
  ::ioctl(one.ours, TIOCOUTQ, &unsent);
  ::ioctl(one.sockets.peer.get(), FIONREAD, &unread);
  BOOST_TEST(made > 100'000U);
  BOOST_TEST(made <= static_cast<std::size_t>(unsent + unread) + 200'000U);
}

// --- the end of the server -----------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_drain_lets_it_end, served) {
  client.send(post("/echo", "Content-Length: 200000\r\n", std::string(100'000, 'd')));
  BOOST_TEST(status_of(client.receive_some()) == 200);
  service.begin_stop();
  test::wait_until([&] { return service.life().phase() >= loopmeter::server::phase::finishing; },
                   "finishing");
  client.send(std::string(100'000, 'd'));
  BOOST_TEST(client.rest().ends_with("ddd"));
  service.stop();
  BOOST_TEST(service.requests("/echo", "POST", 200) == 1);
  BOOST_TEST(service.value("loopmeter_http_connections_cut_total") == 0);
}

BOOST_AUTO_TEST_CASE(a_cut_ends_it_at_each_stage) {
  auto chosen = test::default_options();
  chosen.shutdown_timeout = std::chrono::milliseconds(50);
  served s(chosen);
  s.client.send(post("/count", "Content-Length: 9\r\n", "abc"));
  test::client writing(s.service.port(), 4096);
  writing.get("/write/1000000000000");
  test::client sleeping(s.service.port());
  sleeping.send(post_by_length("/sleepy", "600000"));
  test::wait_until([] { return test::streaming_now == 3; }, "handlers at work");
  s.service.stop();
  BOOST_TEST(test::streaming_now == 0);
  BOOST_TEST(s.service.requests("/count", "POST", 503) == 1);
  BOOST_TEST(s.service.requests("/write/{n}", "GET", 503) == 1);
  BOOST_TEST(s.service.requests("/sleepy", "POST", 503) == 1);
  BOOST_TEST(s.service.value("loopmeter_http_connections_cut_total") == 3);
}

// Whoever never waits must let others have their turn.
BOOST_FIXTURE_TEST_CASE(others_are_served_while_it_streams, served) {
  std::atomic<bool> stop{false};
  test::client reader(service.port());
  reader.get("/write/1000000000000");
  std::thread reading([&] {
    while (!stop)
      reader.receive_some();
    reader.reset();
  });
  for (int i = 0; i < 20; ++i)
    check_that_it_goes_on();
  stop = true;
  reading.join();
  wait_for_code("/write/{n}", "GET", 499);
}

BOOST_AUTO_TEST_SUITE_END()
