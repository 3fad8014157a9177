// SPDX-License-Identifier: Apache-2.0
// What the fields of a head say about the message and the connection, one table a rule.
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include <loopmeter/http/head.hpp>

#include "reader.hpp"

using namespace std::literals;
using namespace loopmeter::http;
using test::parsed;

namespace {

parsed get_with(std::string_view fields) {
  return parsed("GET / HTTP/1.1\r\nHost: a\r\n"s + std::string(fields) + "\r\n");
}
parsed get_1_0_with(std::string_view fields) {
  return parsed("GET / HTTP/1.0\r\n"s + std::string(fields) + "\r\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_head_fields)

BOOST_AUTO_TEST_CASE(frames_by_content_length) {
  struct {
    std::string_view fields;
    std::uint16_t status;
    std::uint64_t length;
  } const table[] = {
      {"", 0, 0},
      {"Content-Length: 0\r\n", 0, 0},
      {"Content-Length: 5\r\n", 0, 5},
      {"content-length:5\r\n", 0, 5},
      {"Content-Length: \t 5 \t\r\n", 0, 5},
      {"Content-Length: 005\r\n", 0, 5},
      {"Content-Length: 18446744073709551615\r\n", 0, 18446744073709551615U},
      {"Content-Length: 18446744073709551616\r\n", 400, 0},
      {"Content-Length: 18446744073709551621\r\n", 400, 0},
      {"Content-Length: 99999999999999999999999999\r\n", 400, 0},
      {"Content-Length:\r\n", 400, 0},
      {"Content-Length: a\r\n", 400, 0},
      {"Content-Length: +5\r\n", 400, 0},
      {"Content-Length: -1\r\n", 400, 0},
      {"Content-Length: 0x5\r\n", 400, 0},
      {"Content-Length: 0o5\r\n", 400, 0},
      {"Content-Length: 5e0\r\n", 400, 0},
      {"Content-Length: 5.0\r\n", 400, 0},
      {"Content-Length: 1 0\r\n", 400, 0},
      {"Content-Length: 5\xa0\r\n", 400, 0},
      {"Content-Length: \"5\"\r\n", 400, 0},
      {"Content-Length: 5, 10\r\n", 400, 0},
      {"Content-Length: 5, 5\r\n", 400, 0},
      {"Content-Length: 5,\r\n", 400, 0},
      {"Content-Length: ,5\r\n", 400, 0},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400, 0},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400, 0},
      {"Content-Length: 0\r\nContent-Length: 0\r\n", 400, 0},
      {"Content-Length:\r\nContent-Length: 5\r\n", 400, 0},
      {"Content_Length: 5\r\n", 0, 0},
      {"X-Content-Length: 5\r\n", 0, 0},
  };
  for (auto const &row : table) {
    auto const p = get_with(row.fields);
    BOOST_TEST_CONTEXT(test::escaped(row.fields)) {
      BOOST_TEST(p.status == row.status);
      BOOST_TEST(p.head.content_length == row.length);
      auto const framing = row.length > 0 ? body_framing::length : body_framing::none;
      BOOST_TEST((p.head.framing == framing));
    }
  }
}

BOOST_AUTO_TEST_CASE(frames_by_transfer_encoding) {
  struct {
    std::string_view fields;
    std::uint16_t status;
  } const table[] = {
      {"Transfer-Encoding: chunked\r\n", 0},
      {"transfer-encoding: \tChUnKeD \r\n", 0},
      {"Transfer-Encoding: pigeons\r\n", 501},
      {"Transfer-Encoding: identity\r\n", 501},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: gzip,br,\tChunked\r\n", 501},
      {"Transfer-Encoding: gzip, deflate\r\n", 400},
      {"Transfer-Encoding: chunked, gzip\r\n", 400},
      {"Transfer-Encoding: chunked, chunked\r\n", 400},
      {"Transfer-Encoding: gzip, chunked, chunked\r\n", 400},
      {"Transfer-Encoding: chunked,\r\n", 400},
      {"Transfer-Encoding: , chunked\r\n", 400},
      {"Transfer-Encoding:\r\n", 400},
      {"Transfer-Encoding: chunked;a=b\r\n", 400},
      {"Transfer-Encoding: gzip;q=1, chunked\r\n", 400},
      {"Transfer-Encoding: \"chunked\"\r\n", 400},
      {"Transfer-Encoding: chunked gzip\r\n", 400},
      {"Transfer-Encoding: \x0b"
       "chunked\r\n",
       400},
      {"Transfer-Encoding: chunked\xa0\r\n", 400},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", 400},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: gzip\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", 400},
      {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400},
  };
  for (auto const &row : table) {
    auto const p = get_with(row.fields);
    BOOST_TEST_CONTEXT(test::escaped(row.fields)) {
      BOOST_TEST(p.status == row.status);
      auto const framing = row.status == 0 ? body_framing::chunked : body_framing::none;
      BOOST_TEST((p.head.framing == framing));
      BOOST_TEST(get_1_0_with(row.fields).status == 400);  // HTTP/1.0 has none of it
    }
  }
  BOOST_TEST((get_with("Transfer_Encoding: chunked\r\n").head.framing == body_framing::none));
}

BOOST_AUTO_TEST_CASE(reads_every_connection_line) {
  struct {
    std::string_view fields;
    bool keep_1_1;
    bool keep_1_0;
  } const table[] = {
      {"", true, false},
      {"Connection: close\r\n", false, false},
      {"connection: CLOSE\r\n", false, false},
      {"Connection: Keep-Alive\r\n", true, true},
      {"Connection: keep-alive, close\r\n", false, false},
      {"Connection: close, keep-alive\r\n", false, false},
      {"Connection: keep-alive\r\nConnection: close\r\n", false, false},
      {"Connection: close\r\nConnection: keep-alive\r\n", false, false},
      {"Connection: Upgrade\r\nUpgrade: x/1\r\n", true, false},
      {"Connection: x\r\nConnection: ,, keep-alive ,\r\n", true, true},
      {"Connection: closed\r\n", true, false},
      {"X: Connection: close\r\n", true, false},
  };
  for (auto const &row : table) {
    BOOST_TEST_CONTEXT(test::escaped(row.fields)) {
      BOOST_TEST(get_with(row.fields).status == 0);
      BOOST_TEST(get_with(row.fields).head.keep_alive == row.keep_1_1);
      BOOST_TEST(get_1_0_with(row.fields).status == 0);
      BOOST_TEST(get_1_0_with(row.fields).head.keep_alive == row.keep_1_0);
    }
  }
}

BOOST_AUTO_TEST_CASE(knows_one_expectation) {
  struct {
    std::string_view fields;
    std::uint16_t status;
    bool expects;
  } const table[] = {
      {"Content-Length: 5\r\n", 0, false},
      {"Content-Length: 5\r\nExpect: 100-continue\r\n", 0, true},
      {"Expect: 100-CONTINUE\r\nTransfer-Encoding: chunked\r\n", 0, true},
      {"Content-Length: 5\r\nExpect: 100-continue, 100-continue\r\n", 0, true},
      {"Content-Length: 5\r\nExpect: ,100-continue,\r\n", 0, true},
      {"Content-Length: 5\r\nExpect:\r\n", 0, false},
      {"Expect: 100-continue\r\n", 0, false},  // nothing to wait for
      {"Content-Length: 0\r\nExpect: 100-continue\r\n", 0, false},
      {"Content-Length: 5\r\nExpect: 200-ok\r\n", 417, false},
      {"Content-Length: 5\r\nExpect: 100-continue, x\r\n", 417, false},
      {"Content-Length: 5\r\nExpect: x\r\nExpect: 100-continue\r\n", 417, false},
      {"Expect: 100-continue;a=b\r\n", 417, false},
  };
  for (auto const &row : table) {
    BOOST_TEST_CONTEXT(test::escaped(row.fields)) {
      BOOST_TEST(get_with(row.fields).status == row.status);
      BOOST_TEST(get_with(row.fields).head.expects_continue == row.expects);
      if (row.fields.find("Transfer") == std::string_view::npos) {
        BOOST_TEST(get_1_0_with(row.fields).status == 0);  // does not know it
        BOOST_TEST(!get_1_0_with(row.fields).head.expects_continue);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(finds_fields) {
  auto const fields =
      "Host: a\r\nX-Empty:\r\nX-Spaces: \t \r\nX-Two: first \r\nx-two: second\r\n"
      "X-Long-Name: \tv:1\t\r\nLast:z\r\n"sv;
  struct {
    std::string_view name;
    std::string_view value;
  } const table[] = {
      {"Host", "a"},      {"hOST", "a"},          {"X-Two", "first"},
      {"X-TWO", "first"}, {"x-long-name", "v:1"}, {"Last", "z"},
  };
  for (auto const &row : table) {
    BOOST_TEST_CONTEXT(row.name) {
      BOOST_TEST(find_field(fields, row.name) == row.value);
    }
  }
  for (auto const name : {"X-Empty", "X-Spaces"}) {  // there, and empty
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(find_field(fields, name).empty());
      BOOST_TEST((find_field(fields, name).data() != nullptr));
    }
  }
  for (auto const name :
       {"", "Hos", "ost", "Host:", "X-Long", "X-Tw", "X-Two ", "v", "first", "Z"}) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST((find_field(fields, name).data() == nullptr));
    }
  }
  BOOST_TEST((find_field({}, "Host").data() == nullptr));
  BOOST_TEST((find_field("", "Host").data() == nullptr));
  // The value is a view into the fields.
  auto const value = find_field(fields, "Last");
  BOOST_TEST((value.data() == fields.data() + fields.size() - 3));
}

BOOST_AUTO_TEST_SUITE_END()
