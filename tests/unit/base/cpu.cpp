// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/cpu.hpp>

#include <temporary_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <sched.h>

#include <algorithm>

using loopmeter::cgroup_sources;
using loopmeter::usable_cpus;

namespace {

struct fake_quota : loopmeter::test::temporary_folder {
  cgroup_sources sources{path("self"), path("root")};
};

unsigned affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  BOOST_REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  return static_cast<unsigned>(CPU_COUNT(&set));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(base_cpu)

BOOST_FIXTURE_TEST_CASE(without_a_quota_the_affinity_counts, fake_quota) {
  BOOST_TEST(usable_cpus(sources) == affinity());
}

BOOST_FIXTURE_TEST_CASE(usable_is_rounded_up_and_clamped, fake_quota) {
  put("self", "0::/\n");
  put("root/cpu.max", "1000 100000");
  BOOST_TEST(usable_cpus(sources) == 1U);
  put("root/cpu.max", "110000 100000");
  BOOST_TEST(usable_cpus(sources) == std::min(2U, affinity()));
  put("root/cpu.max", "99999999999 100");
  BOOST_TEST(usable_cpus(sources) == affinity());
}

BOOST_AUTO_TEST_SUITE_END()
