// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/cgroup.hpp>

#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>
#include <temporary_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include "foreign_values.hpp"

namespace loopmeter::collectors {
namespace {

struct fake_cgroup : test::temporary_folder {
  std::map<std::string, double> collect() const {
    return values_of(cgroup_families({path("self"), path("root")}));
  }
};

BOOST_AUTO_TEST_SUITE(cgroup)

BOOST_FIXTURE_TEST_CASE(each_value_has_its_name, fake_cgroup) {
  put("self", "0::/a\n");
  put("root/a/cpu.max", "50000 100000\n");
  put("root/a/cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n");
  put("root/a/memory.max", "1048576\n");
  put("root/a/memory.current", "4096\n");
  std::map<std::string, double> const expected{
      {"cgroup_cpu_quota_cores", 0.5},           {"cgroup_cpu_periods_total", 10},
      {"cgroup_cpu_throttled_periods_total", 4}, {"cgroup_cpu_throttled_seconds_total", 0.25},
      {"cgroup_memory_limit_bytes", 1048576},    {"cgroup_memory_usage_bytes", 4096}};
  BOOST_TEST((collect() == expected));
}

BOOST_FIXTURE_TEST_CASE(what_has_no_limit_is_left_out, fake_cgroup) {
  BOOST_TEST(collect().empty());
  put("self", "0::/\n");
  put("root/cpu.max", "max 100000\n");
  put("root/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");
  put("root/memory.max", "max\n");
  put("root/memory.current", "4096\n");
  std::map<std::string, double> const expected{{"cgroup_memory_usage_bytes", 4096}};
  BOOST_TEST((collect() == expected));
}

BOOST_AUTO_TEST_CASE(this_process_in_an_exposition) {
  metrics::registry families;
  add_cgroup_collector(families);
  std::string text;
  exposition::encode_text(gather(families), text);
  auto const checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "", text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
