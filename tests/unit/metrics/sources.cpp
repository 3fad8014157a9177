// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/sources.hpp>

#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include "probe.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace loopmeter::metrics {
namespace {

using namespace std::chrono_literals;

std::vector<foreign_family> one(std::string const &name) {
  return {{.name = name,
           .help = "",
           .type = metric_type::gauge,
           .series = {{.labels = {}, .value = 1.0, .timestamp_ms = 0}}}};
}

std::vector<std::string> names(snapshot const &now) {
  std::vector<std::string> found;
  for (foreign_family const &family : now.foreign)
    found.push_back(family.name);
  return found;
}

std::uint64_t late(snapshot const &now) {
  return test::number_of(now, "loopmeter_collect_errors_total",
                         static_cast<std::uint32_t>(collect_error::late));
}

BOOST_AUTO_TEST_SUITE(sources)

BOOST_AUTO_TEST_CASE(a_late_source_is_left_out_and_the_others_are_not) {
  registry families;
  std::latch go_on{1};
  std::atomic<int> calls{0};
  families.add_source([] { return one("before"); });
  families.add_source([&] {
    if (++calls == 1) go_on.wait();
    return one("slow");
  });
  families.add_source([] { return one("after"); });
  auto now = gather(families, 0ms);
  while (calls == 0)
    now = gather(families, 1ms);
  auto const begun = late(now);
  // It holds its thread, so the others get another, and this gather does not wait for it at all.
  now = gather(families, 5000ms);
  BOOST_TEST(names(now) == (std::vector<std::string>{"after", "before"}),
             boost::test_tools::per_element());
  BOOST_TEST(calls == 1);
  BOOST_TEST(late(now) == begun + 1);
  go_on.count_down();
  // Back again: what it gave for the gather that had gone on is not shown to another.
  for (int i = 0; i < 1000 && calls < 2; ++i)
    now = gather(families, 5000ms);
  BOOST_TEST(names(now) == (std::vector<std::string>{"after", "before", "slow"}),
             boost::test_tools::per_element());
}

// The first may wait for the source as long as it likes: the second has its own time.
BOOST_AUTO_TEST_CASE(a_gather_does_not_wait_for_another_beyond_its_own_time) {
  registry families;
  auto const before = late(gather(families));
  std::latch running{1};
  std::latch go_on{1};
  families.add_source([&] {
    running.count_down();
    go_on.wait();
    return one("slow");
  });
  snapshot patient;
  {
    std::jthread const first{[&] { gather(families, patient, 1min); }};
    running.wait();
    auto const now = gather(families, 1ms);  // came back, although the source does not
    BOOST_TEST(now.foreign.empty());
    BOOST_TEST(late(now) == before + 1);
    go_on.count_down();
  }
  BOOST_TEST(names(patient) == std::vector<std::string>{"slow"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_source_does_not_run_where_the_gather_does) {
  registry families;
  std::thread::id ran_on;
  families.add_source([&] {
    ran_on = std::this_thread::get_id();
    return one("x");
  });
  gather(families);
  BOOST_TEST((ran_on != std::thread::id{} && ran_on != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(removal_waits_for_a_source_that_runs) {
  registry families;
  std::latch running{1};
  std::latch go_on{1};
  std::atomic<bool> ended{false};
  std::atomic<bool> ended_at_removal{false};
  auto const id = families.add_source([&] {
    running.count_down();
    go_on.wait();
    ended = true;
    return one("x");
  });
  while (!running.try_wait())
    gather(families, 1ms);
  {
    std::jthread const remover{[&] {
      families.remove_source(id);
      ended_at_removal = ended.load();
    }};
    go_on.count_down();
  }
  BOOST_TEST(ended_at_removal);
  BOOST_TEST(gather(families).foreign.empty());
}

BOOST_AUTO_TEST_CASE(a_gather_does_not_wait_for_a_source_that_is_removed_before_its_turn) {
  registry families;
  std::latch running{1};
  std::latch go_on{1};
  families.add_source([&] {
    running.count_down();
    go_on.wait();
    return one("first");
  });
  auto const second = families.add_source([] { return one("second"); });
  snapshot now;
  {
    std::jthread const gatherer{[&] { now = gather(families, 1h); }};
    running.wait();
    families.remove_source(second);
    go_on.count_down();
  }
  BOOST_TEST(names(now) == std::vector<std::string>{"first"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_registry_may_go_while_a_source_is_late) {
  std::latch running{1};
  std::atomic<bool> ended{false};
  std::latch go_on{1};
  std::jthread releaser;
  {
    registry families;
    families.add_source([&] {
      running.count_down();
      go_on.wait();
      ended = true;
      return one("x");
    });
    while (!running.try_wait())
      gather(families, 1ms);
    releaser = std::jthread{[&] { go_on.count_down(); }};
  }
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
