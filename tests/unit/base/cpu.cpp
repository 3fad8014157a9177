// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/cpu.hpp>

#include <boost/test/unit_test.hpp>

#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

using loopmeter::cgroup_cpu_quota;
using loopmeter::cpu_sources;
using loopmeter::usable_cpus;

namespace fs = std::filesystem;

namespace {

// A root of our own, as the kernel would show it.
struct fake_cgroup {
  fake_cgroup() {
    std::string name = (fs::temp_directory_path() / "loopmeter-cpu-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory = name;
    sources = {name + "/self", name + "/root"};
    fs::create_directories(directory / "root");
  }
  ~fake_cgroup() { fs::remove_all(directory); }

  void self(std::string const &lines) const { std::ofstream(sources.cgroup_file) << lines; }
  void put(std::string const &path, std::string const &text) const {
    auto const file = directory / "root" / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  double quota() const { return cgroup_cpu_quota(sources).value_or(-1); }

  fs::path directory;
  cpu_sources sources;
};

unsigned affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  BOOST_REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  return static_cast<unsigned>(CPU_COUNT(&set));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(base_cpu)

BOOST_FIXTURE_TEST_CASE(v2, fake_cgroup) {
  self("0::/pod/container\n");
  put("pod/container/cpu.max", "150000 100000\n");
  BOOST_TEST(quota() == 1.5);
}

BOOST_FIXTURE_TEST_CASE(v2_max_is_no_quota, fake_cgroup) {
  self("0::/a\n");
  put("a/cpu.max", "max 100000\n");
  BOOST_TEST(quota() == -1);
}

BOOST_FIXTURE_TEST_CASE(v2_at_the_root_of_a_namespace, fake_cgroup) {
  self("0::/\n");
  put("cpu.max", "50000 100000\n");
  BOOST_TEST(quota() == 0.5);
  BOOST_TEST(usable_cpus(sources) == 1U);
}

BOOST_FIXTURE_TEST_CASE(v2_smallest_on_the_way_up, fake_cgroup) {
  self("0::/slice/pod/container\n");
  put("slice/cpu.max", "max 100000");
  put("slice/pod/cpu.max", "200000 100000");
  put("slice/pod/container/cpu.max", "400000 100000");
  BOOST_TEST(quota() == 2);
}

// As in a container without a cgroup namespace: the path is the host's, the mount the container's.
BOOST_FIXTURE_TEST_CASE(v2_path_that_is_not_below_the_mount, fake_cgroup) {
  self("0::/kubepods/pod1/c1\n");
  put("cpu.max", "25000 100000");
  BOOST_TEST(quota() == 0.25);
}

BOOST_FIXTURE_TEST_CASE(v1, fake_cgroup) {
  self("5:memory:/a\n4:cpu,cpuacct:/a/b\n1:name=systemd:/\n");
  put("cpu/a/b/cpu.cfs_quota_us", "-1\n");
  put("cpu/a/b/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(quota() == -1);
  put("cpu/a/cpu.cfs_quota_us", "300000\n");
  put("cpu/a/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(quota() == 3);
}

BOOST_FIXTURE_TEST_CASE(both_versions_the_smaller_counts, fake_cgroup) {
  self("3:cpuacct,cpu:/\n0::/\n");
  put("cpu/cpu.cfs_quota_us", "100000");
  put("cpu/cpu.cfs_period_us", "50000");
  put("cpu.max", "300000 100000");
  BOOST_TEST(quota() == 2);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_read_is_no_quota, fake_cgroup) {
  BOOST_TEST(quota() == -1);  // no file at all
  BOOST_TEST(usable_cpus(sources) == affinity());
  self("");
  BOOST_TEST(quota() == -1);
  self("nonsense\n0::/a\n");
  BOOST_TEST(quota() == -1);
  for (auto const *text : {"", "100000", "x 100000", "100000 0", "0 100000", "-5 100000"}) {
    put("a/cpu.max", text);
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(quota() == -1);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(usable_is_rounded_up_and_clamped, fake_cgroup) {
  self("0::/\n");
  put("cpu.max", "1000 100000");
  BOOST_TEST(usable_cpus(sources) == 1U);
  put("cpu.max", "110000 100000");
  BOOST_TEST(usable_cpus(sources) == std::min(2U, affinity()));
  put("cpu.max", "99999999999 100");
  BOOST_TEST(usable_cpus(sources) == affinity());
}

BOOST_AUTO_TEST_SUITE_END()
