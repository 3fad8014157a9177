// SPDX-License-Identifier: Apache-2.0
#include <demo/streams.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(demo_streams)

BOOST_AUTO_TEST_CASE(what_is_asked) {
  auto const nothing = demo::parse_stream_request("");
  BOOST_REQUIRE(nothing.has_value());
  BOOST_TEST(nothing->bytes == 1024 * 1024);
  BOOST_TEST(nothing->chunk == 16 * 1024);
  BOOST_TEST(nothing->pause_ms == 0);
  auto const all = demo::parse_stream_request("pause_ms=60000&bytes=1000000000000&chunk=65536");
  BOOST_TEST(!all.has_value());  // a matter of years
  auto const hour = demo::parse_stream_request("bytes=3601&chunk=1&pause_ms=1000");
  BOOST_REQUIRE(hour.has_value());
  BOOST_TEST(hour->bytes == 3601);
  BOOST_TEST(hour->chunk == 1);
  BOOST_TEST(hour->pause_ms == 1000);
  BOOST_TEST(!demo::parse_stream_request("bytes=3602&chunk=1&pause_ms=1000").has_value());
}

BOOST_AUTO_TEST_CASE(bounds) {
  for (auto const *good : {"bytes=0", "bytes=1000000000000", "chunk=1", "chunk=65536",
                           "bytes=1&pause_ms=60000", "other=1"}) {
    BOOST_TEST(demo::parse_stream_request(good).has_value(), good);
  }
  for (auto const *bad : {"bytes=1000000000001", "bytes=-1", "bytes=", "bytes=1k", "chunk=0",
                          "chunk=65537", "pause_ms=60001", "bytes=1&bytes=2"}) {
    BOOST_TEST(!demo::parse_stream_request(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(letters) {
  BOOST_TEST(demo::alphabet(0, 3) == "abc");
  BOOST_TEST(demo::alphabet(24, 4) == "yzab");
  BOOST_TEST(demo::alphabet(5, 0) == "");
}

BOOST_AUTO_TEST_SUITE_END()
