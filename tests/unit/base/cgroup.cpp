// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/cgroup.hpp>

#include <temporary_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using loopmeter::cgroup_memory;
using loopmeter::cgroup_sources;
using loopmeter::read_cgroup_cpu;
using loopmeter::read_cgroup_memory;

namespace {

// A root of our own, as the kernel would show it.
struct fake_cgroup : loopmeter::test::temporary_folder {
  void self(std::string const &lines) const { put("self", lines); }
  void group(std::string const &file, std::string const &text) const { put("root/" + file, text); }

  double quota() const {
    auto const cpu = read_cgroup_cpu(sources);
    return cpu ? cpu->quota : -1;
  }
  cgroup_memory memory() const { return read_cgroup_memory(sources); }

  cgroup_sources sources{path("self"), path("root")};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(base_cgroup)

BOOST_FIXTURE_TEST_CASE(v2_quota, fake_cgroup) {
  self("0::/pod/container\n");
  group("pod/container/cpu.max", "150000 100000\n");
  BOOST_TEST(quota() == 1.5);
  group("pod/container/cpu.max", "max 100000\n");
  BOOST_TEST(quota() == -1);
}

BOOST_FIXTURE_TEST_CASE(v2_at_the_root_of_a_namespace, fake_cgroup) {
  self("0::/\n");
  group("cpu.max", "50000 100000\n");
  BOOST_TEST(quota() == 0.5);
}

BOOST_FIXTURE_TEST_CASE(the_smallest_quota_on_the_way_up, fake_cgroup) {
  self("0::/slice/pod/container\n");
  group("slice/cpu.max", "max 100000");
  group("slice/pod/cpu.max", "200000 100000");
  group("slice/pod/container/cpu.max", "400000 100000");
  BOOST_TEST(quota() == 2);
}

// As in a container without a cgroup namespace: the path is the host's, the mount the container's.
BOOST_FIXTURE_TEST_CASE(a_path_that_is_not_below_the_mount, fake_cgroup) {
  self("0::/kubepods/pod1/c1\n");
  group("cpu.max", "25000 100000");
  group("memory.max", "1000");
  BOOST_TEST(quota() == 0.25);
  BOOST_TEST(memory().limit_bytes.value_or(0) == 1000U);
}

// As for a process that is outside of its namespace's root.
BOOST_FIXTURE_TEST_CASE(a_path_that_leads_out_of_the_mount_is_its_root, fake_cgroup) {
  self("0::/../other\n");
  put("other/cpu.max", "100000 100000");  // not below the root
  group("cpu.max", "200000 100000");
  BOOST_TEST(quota() == 2);
}

BOOST_FIXTURE_TEST_CASE(v1_quota, fake_cgroup) {
  self("5:memory:/a\n4:cpu,cpuacct:/a/b\n1:name=systemd:/\n");
  group("cpu/a/b/cpu.cfs_quota_us", "-1\n");
  group("cpu/a/b/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(quota() == -1);
  group("cpu/a/cpu.cfs_quota_us", "300000\n");
  group("cpu/a/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(quota() == 3);
}

BOOST_FIXTURE_TEST_CASE(each_controller_of_v1_has_a_path_of_its_own, fake_cgroup) {
  self("5:memory:/m\n4:cpu,cpuacct:/c\n");
  group("cpu/c/cpu.cfs_quota_us", "300000");
  group("cpu/c/cpu.cfs_period_us", "100000");
  group("cpu/m/cpu.cfs_quota_us", "1000");
  group("cpu/m/cpu.cfs_period_us", "100000");
  group("memory/m/memory.limit_in_bytes", "900");
  group("memory/c/memory.limit_in_bytes", "1");
  BOOST_TEST(quota() == 3);
  BOOST_TEST(memory().limit_bytes.value_or(0) == 900U);
}

BOOST_FIXTURE_TEST_CASE(both_versions_the_smaller_counts, fake_cgroup) {
  self("3:cpuacct,cpu:/\n0::/\n");
  group("cpu/cpu.cfs_quota_us", "100000");
  group("cpu/cpu.cfs_period_us", "50000");
  group("cpu.max", "300000 100000");
  BOOST_TEST(quota() == 2);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_read_is_no_limit, fake_cgroup) {
  BOOST_TEST(quota() == -1);  // no file at all
  BOOST_TEST(!memory().limit_bytes.has_value());
  BOOST_TEST(!memory().usage_bytes.has_value());
  for (auto const *lines : {"", "\n", "nonsense\n", "0::\n", "::", "0::relative\n", "7:cpu\n"}) {
    self(lines);
    BOOST_TEST_CONTEXT(lines) {
      BOOST_TEST(quota() == -1);
    }
  }
  self("nonsense\n0::/a\n");
  for (auto const *text : {"", "100000", "x 100000", "100000 0", "0 100000", "-5 100000", "1 2 3",
                           "18446744073709551616 100000"}) {
    group("a/cpu.max", text);
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(quota() == -1);
    }
  }
  group("a/cpu.max", "100000 100000");
  BOOST_TEST(quota() == 1);
}

BOOST_FIXTURE_TEST_CASE(throttling_is_that_of_the_group_with_the_quota, fake_cgroup) {
  self("0::/pod/container\n");
  group("pod/cpu.max", "200000 100000");
  group("pod/cpu.stat", "usage_usec 5\nnr_periods 7\nnr_throttled 3\nthrottled_usec 1500000\n");
  group("pod/container/cpu.max", "max 100000");
  group("pod/container/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
  auto const cpu = read_cgroup_cpu(sources);
  BOOST_REQUIRE(cpu.has_value());
  BOOST_TEST(cpu->periods.value_or(0) == 7U);
  BOOST_TEST(cpu->throttled_periods.value_or(0) == 3U);
  BOOST_TEST(cpu->throttled_seconds.value_or(0) == 1.5);
}

BOOST_FIXTURE_TEST_CASE(throttling_in_v1_is_in_nanoseconds, fake_cgroup) {
  self("4:cpu:/\n");
  group("cpu/cpu.cfs_quota_us", "1000");
  group("cpu/cpu.cfs_period_us", "1000");
  group("cpu/cpu.stat", "nr_periods 18446744073709551615\nnr_throttled\nthrottled_time 2500000000");
  auto const cpu = read_cgroup_cpu(sources);
  BOOST_REQUIRE(cpu.has_value());
  BOOST_TEST(cpu->periods.value_or(0) == UINT64_MAX);
  BOOST_TEST(!cpu->throttled_periods.has_value());
  BOOST_TEST(cpu->throttled_seconds.value_or(0) == 2.5);
  group("cpu/cpu.stat", "");
  BOOST_TEST(!read_cgroup_cpu(sources)->throttled_seconds.has_value());
}

BOOST_FIXTURE_TEST_CASE(memory_in_v2, fake_cgroup) {
  self("0::/pod/container\n");
  group("pod/container/memory.max", "max\n");
  group("pod/container/memory.current", "100\n");
  group("memory.current", "900\n");
  BOOST_TEST(!memory().limit_bytes.has_value());
  BOOST_TEST(memory().usage_bytes.value_or(0) == 100U);
  // The usage that the limit binds, not the process's own.
  group("pod/memory.max", "500\n");
  group("pod/memory.current", "200\n");
  BOOST_TEST(memory().limit_bytes.value_or(0) == 500U);
  BOOST_TEST(memory().usage_bytes.value_or(0) == 200U);
  group("pod/container/memory.max", "400\n");
  BOOST_TEST(memory().limit_bytes.value_or(0) == 400U);
  BOOST_TEST(memory().usage_bytes.value_or(0) == 100U);
}

BOOST_FIXTURE_TEST_CASE(memory_in_v1, fake_cgroup) {
  self("5:memory:/a\n0::/\n");
  group("memory/a/memory.limit_in_bytes", "9223372036854771712\n");  // no limit
  group("memory/a/memory.usage_in_bytes", "77\n");
  BOOST_TEST(!memory().limit_bytes.has_value());
  BOOST_TEST(memory().usage_bytes.value_or(0) == 77U);
  group("memory/memory.limit_in_bytes", "4294967296\n");
  BOOST_TEST(memory().limit_bytes.value_or(0) == 4294967296U);
  BOOST_TEST(!memory().usage_bytes.has_value());  // of that group it is not known
}

BOOST_AUTO_TEST_SUITE_END()
