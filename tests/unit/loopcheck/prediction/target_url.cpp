// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/prediction/target_url.hpp>

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_target_url)

BOOST_AUTO_TEST_CASE(as_go_writes_it) {
  scrape_job job;
  auto url = [&](std::string path, std::string host = "10.0.0.1:80", labels more = {}) {
    more.insert({{"__scheme__", "http"}, {"__address__", host}, {"__metrics_path__", path}});
    return target_url(job, more);
  };
  BOOST_TEST(url("/metrics") == "http://10.0.0.1:80/metrics");
  BOOST_TEST(url("metrics") == "http://10.0.0.1:80/metrics");
  BOOST_TEST(url("/a b?c=d&e") == "http://10.0.0.1:80/a%20b%3Fc=d&e");
  BOOST_TEST(url("/m", "[::1]:80") == "http://[::1]:80/m");
  job.params = {{"b", {"1", "x y"}}, {"a", {"&"}}};
  BOOST_TEST(url("/m") == "http://10.0.0.1:80/m?a=%26&b=1&b=x+y");
  BOOST_TEST(url("/m", "h", {{"__param_b", "2"}, {"__param_c", "3"}}) ==
             "http://h/m?a=%26&b=2&b=x+y&c=3");
}

BOOST_AUTO_TEST_SUITE_END()
