// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/body_writer.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace loopmeter::http;

namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

struct written {
  body_writer writer;
  std::string out;

  void begin(body_end end, std::optional<std::uint64_t> length = {}) {
    writer.begin(out, text(""),
                 {.date = date, .allow = {}, .fields = {}, .end = end, .length = length});
    BOOST_TEST(writer.begun());
    head = out;
    out.clear();
  }
  std::string head;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_body_writer)

BOOST_FIXTURE_TEST_CASE(chunks, written) {
  BOOST_TEST(!writer.begun());
  begin(body_end::chunked);
  BOOST_TEST(head.find("Transfer-Encoding: chunked\r\n") != head.npos);
  BOOST_TEST(head.find("Content-Length") == head.npos);
  writer.add(out, "hello");
  writer.add(out, "");  // an empty chunk would be the last one
  auto const opened = writer.open(out);
  out += std::string(300, 'x');
  writer.close(out, opened);
  writer.end(out);
  BOOST_TEST(out == "00000005\r\nhello\r\n0000012c\r\n" + std::string(300, 'x') + "\r\n0\r\n\r\n");
  BOOST_TEST(writer.body_bytes() == 305U);
}

BOOST_FIXTURE_TEST_CASE(by_length, written) {
  begin(body_end::length, std::uint64_t{1} << 40U);
  BOOST_TEST(head.find("Content-Length: 1099511627776\r\n") != head.npos);
  BOOST_TEST(head.find("Content-Type: ") != head.npos);
  writer.add(out, "hello");
  writer.end(out);
  BOOST_TEST(out == "hello");
}

BOOST_FIXTURE_TEST_CASE(by_the_end_of_the_connection, written) {
  begin(body_end::unsaid);
  BOOST_TEST(head.find("Content-Length") == head.npos);
  BOOST_TEST(head.find("Transfer-Encoding") == head.npos);
  writer.add(out, "a");
  writer.add(out, "b");
  writer.end(out);
  BOOST_TEST(out == "ab");
  BOOST_TEST(writer.body_bytes() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
