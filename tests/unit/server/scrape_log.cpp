// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scrape_log.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include <loopmeter/server/scrape_page.hpp>

using namespace loopmeter::server;
using namespace std::chrono_literals;

namespace {

scrape_record from(std::string const &address, std::string const &agent, std::int64_t at_ms) {
  scrape_record record;
  record.address = address;
  record.agent = agent;
  record.began_ms = at_ms;
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_scrape_log)

BOOST_AUTO_TEST_CASE(the_last_scrape_of_each_peer_with_its_interval) {
  scrape_log log(8);
  log.add(from("a", "x", 1000));
  log.add(from("b", "x", 2000));
  log.add(from("a", "x", 16000));
  auto const seen = log.records();
  BOOST_REQUIRE(seen.size() == 2U);
  BOOST_TEST(seen[0].address == "a");
  BOOST_TEST((seen[0].interval_seen == 15'000ms));
  BOOST_TEST((seen[1].interval_seen == std::nullopt));
}

BOOST_AUTO_TEST_CASE(it_is_bounded_and_the_oldest_goes) {
  scrape_log log(3);
  for (auto const *address : {"a", "b", "c", "d"})
    log.add(from(address, "x", 1));
  auto const seen = log.records();
  BOOST_REQUIRE(seen.size() == 3U);
  BOOST_TEST(seen.front().address == "d");
  BOOST_TEST(seen.back().address == "b");
}

BOOST_AUTO_TEST_CASE(many_agents_of_one_address_displace_only_each_other) {
  scrape_log log(6);
  log.add(from("prometheus", "x", 1));
  for (int i = 0; i < 50; ++i)
    log.add(from("hostile", std::to_string(i), i));
  auto const seen = log.records();
  BOOST_TEST(seen.size() == 1 + scrape_log::agents_per_address_max);
  BOOST_TEST(seen.front().agent == "49");
  BOOST_TEST(seen.back().address == "prometheus");
}

BOOST_AUTO_TEST_CASE(hostile_agents_are_bounded_and_escaped) {
  BOOST_TEST(printable_agent("a\r\n\x1b\xff\x7f") == "a?????");
  BOOST_TEST(printable_agent(std::string(1000, 'a')).size() == agent_bytes_max);
  std::string json;
  append_json(json, "\"</script>\\\n");
  BOOST_TEST(json == R"(\u0022\u003c/script\u003e\u005c\u000a)");
  std::string html;
  append_html(html, "<b a='\"'>&");
  BOOST_TEST(html == "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
}

BOOST_AUTO_TEST_SUITE_END()
