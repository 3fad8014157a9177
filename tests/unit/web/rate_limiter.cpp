// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/rate_limiter.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

using namespace loopmeter::web;
using namespace std::chrono_literals;

namespace {
rate_limiter::time_point const start{std::chrono::hours(1000)};
}

BOOST_AUTO_TEST_SUITE(web_rate_limiter)

BOOST_AUTO_TEST_CASE(a_burst_and_then_one_each_interval) {
  rate_limiter limiter({1s, 3});
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(limiter.allow(start));
  BOOST_TEST(!limiter.allow(start));
  BOOST_TEST(!limiter.allow(start + 999ms));
  BOOST_TEST(limiter.allow(start + 1s));
  BOOST_TEST(!limiter.allow(start + 1s));
  for (int i = 0; i < 3; ++i)  // no more than that is saved up
    BOOST_TEST(limiter.allow(start + 1h));
  BOOST_TEST(!limiter.allow(start + 1h));
}

BOOST_AUTO_TEST_CASE(no_interval_is_no_limit_and_no_burst_no_request) {
  rate_limiter unlimited({0s, 0});
  rate_limiter closed({1s, 0});
  for (int i = 0; i < 1000; ++i)
    BOOST_TEST(unlimited.allow(start));
  BOOST_TEST(!closed.allow(start + 24h));
}

BOOST_AUTO_TEST_CASE(huge_numbers_do_not_overflow) {
  rate_limiter limiter({1h, std::numeric_limits<std::int64_t>::max()});
  for (int i = 0; i < 1000; ++i)
    BOOST_TEST(limiter.allow(start));
}

BOOST_AUTO_TEST_CASE(threads_share_the_tokens) {
  rate_limiter limiter({1h, 1000});
  std::atomic<int> allowed{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i)
          if (limiter.allow(start)) ++allowed;
      });
    }
  }
  BOOST_TEST(allowed == 1000);
}

BOOST_AUTO_TEST_SUITE_END()
