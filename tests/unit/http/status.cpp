// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>

#include <loopmeter/http/status.hpp>

using namespace loopmeter::http;

BOOST_AUTO_TEST_SUITE(http_status)

BOOST_AUTO_TEST_CASE(uses_the_registered_phrases) {
  struct {
    std::uint16_t status;
    char const *phrase;
  } const table[] = {
      {100, "Continue"},
      {200, "OK"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {425, "Too Early"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
      {511, "Network Authentication Required"},
      {0, "Unknown"},
      {99, "Unknown"},
      {299, "Unknown"},
      {418, "Unknown"},
      {499, "Unknown"},
      {599, "Unknown"},
      {65535, "Unknown"},
  };
  for (auto const &row : table) {
    BOOST_TEST_CONTEXT(row.status) {
      BOOST_TEST(reason_of(row.status) == row.phrase);
    }
  }
}

BOOST_AUTO_TEST_CASE(gives_each_phrase_once) {
  std::set<std::string> phrases;
  unsigned known = 0;
  for (std::uint16_t status = 0; status < 1000; ++status) {
    auto const reason = reason_of(status);
    if (reason == "Unknown") continue;
    ++known;
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(phrases.emplace(reason).second);
    }
  }
  BOOST_TEST(known == 60U);
}

BOOST_AUTO_TEST_CASE(knows_which_have_content) {
  for (auto const status :
       std::initializer_list<std::uint16_t>{100, 101, 103, 199, 204, 205, 304}) {
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(!has_content(status));
    }
  }
  for (auto const status :
       std::initializer_list<std::uint16_t>{200, 201, 203, 206, 301, 305, 404, 413, 500, 599}) {
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(has_content(status));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
