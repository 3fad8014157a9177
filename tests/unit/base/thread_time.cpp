// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/thread_time.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>

namespace loopmeter {
namespace {

using std::chrono::nanoseconds;

BOOST_AUTO_TEST_SUITE(of_threads)

BOOST_AUTO_TEST_CASE(schedstat_is_read) {
  BOOST_TEST((parse_schedstat_waiting("1234 567 8\n") == nanoseconds{567}));
  BOOST_TEST((parse_schedstat_waiting("0 0 0\n") == nanoseconds{0}));
  for (auto const *bad : {"", "1234", "1234 ", "1234 567", "1234 x 8", "1234 -1 8", "1 2x 3",
                          "1 99999999999999999999 3"}) {
    BOOST_TEST(!parse_schedstat_waiting(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(it_is_the_calling_threads_own) {
  auto const begin = time_of_this_thread();
  auto now = begin;
  while (now.running == begin.running)
    now = time_of_this_thread();
  BOOST_TEST((now.running > begin.running));
  BOOST_TEST((now.waiting.has_value() == begin.waiting.has_value()));
  if (now.waiting) BOOST_TEST((*now.waiting >= *begin.waiting));
  thread_time other;
  std::jthread{[&] { other = time_of_this_thread(); }}.join();
  BOOST_TEST((other.running < now.running + std::chrono::seconds{1}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter
