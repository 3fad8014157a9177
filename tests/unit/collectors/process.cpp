// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/process.hpp>

#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>
#include <temporary_folder.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <string>

#include "foreign_values.hpp"

namespace loopmeter::collectors {
namespace {

using test::temporary_folder;

struct fake_proc : temporary_folder {
  fake_proc() {
    put("self/stat",
        "7 (a b) c) S 1 2 3 0 -1 4 5 0 3 0 1234 66 7 8 20 0 9 0 250 123456789 300 1 1 1\n");
    put("self/net/netstat", "IpExt: InOctets OutOctets\nIpExt: 11831318465 0\n");
    put("stat", "btime 1700000000\n");
  }
  std::map<std::string, double> collect() const {
    return values_of(process_collector{{path("self"), path("stat")}}());
  }
};

BOOST_AUTO_TEST_SUITE(process)

BOOST_FIXTURE_TEST_CASE(values_are_in_base_units, fake_proc) {
  auto values = collect();
  auto const ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  BOOST_TEST(values.at("process_cpu_seconds_total") == 1300 / ticks);
  BOOST_TEST(values.at("process_threads") == 9);
  BOOST_TEST(values.at("process_start_time_seconds") == 1'700'000'000 + 250 / ticks);
  BOOST_TEST(values.at("process_virtual_memory_bytes") == 123456789);
  BOOST_TEST(values.at("process_resident_memory_bytes") ==
             300 * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  BOOST_TEST(values.at("process_network_receive_bytes_total") == 11831318465);
  BOOST_TEST(values.at("process_network_transmit_bytes_total") == 0);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_read_is_left_out, fake_proc) {
  remove("stat");
  BOOST_TEST(!collect().contains("process_start_time_seconds"));
  BOOST_TEST(collect().contains("process_cpu_seconds_total"));
  remove("self/net/netstat");
  BOOST_TEST(!collect().contains("process_network_receive_bytes_total"));
  put("self/stat", "nonsense");
  auto const values = collect();
  BOOST_TEST(!values.contains("process_cpu_seconds_total"));
  BOOST_TEST(!values.contains("process_open_fds"));
  BOOST_TEST(values.size() == 2U);  // the limits
}

BOOST_FIXTURE_TEST_CASE(the_boot_time_is_read_once, fake_proc) {
  process_collector collector{{path("self"), path("stat")}};
  auto const before = values_of(collector()).at("process_start_time_seconds");
  put("stat", "btime 1\n");
  BOOST_TEST(values_of(collector()).at("process_start_time_seconds") == before);
}

BOOST_FIXTURE_TEST_CASE(descriptors_by_a_list, temporary_folder) {
  for (char const *name : {"fd/1000", "fd/1001", "fd/1002"})
    put(name, "");
  BOOST_TEST(detail::count_listed_descriptors(path("fd")).value_or(0) == 3U);
  BOOST_TEST(!detail::count_listed_descriptors(path("absent")).has_value());
}

BOOST_AUTO_TEST_CASE(descriptors_of_this_process) {
  auto const open_fds = [] { return values_of(process_collector{}()).at("process_open_fds"); };
  auto const before = open_fds();
  BOOST_TEST(detail::count_listed_descriptors("/proc/self/fd").value_or(0) == before);
  int const one = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  BOOST_TEST(open_fds() == before + 1);
  ::close(one);
  BOOST_TEST(open_fds() == before);
}

BOOST_AUTO_TEST_CASE(limits_are_the_soft_ones) {
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit lower = before;
  lower.rlim_cur = 123;
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
  auto const values = values_of(process_collector{}());
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  BOOST_TEST(values.at("process_max_fds") == 123);
  rlimit space{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_AS, &space) == 0);
  BOOST_TEST(values.at("process_virtual_memory_max_bytes") == static_cast<double>(space.rlim_cur));
}

BOOST_AUTO_TEST_CASE(this_process_in_an_exposition) {
  metrics::registry families{{.self_metrics = false}};
  add_process_collector(families);
  std::string text;
  exposition::encode_text(gather(families), text);
  auto const checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "", text);
  BOOST_TEST(checked.families.size() >= 8U);  // a sandbox may hide the network's
  auto const now = static_cast<double>(::time(nullptr));
  auto const start = checked.value("process_start_time_seconds").value_or(0);
  BOOST_TEST(start <= now + 1);
  BOOST_TEST(start > now - 3600);
  BOOST_TEST(checked.value("process_threads").value_or(0) >= 2);  // the collector's own
  BOOST_TEST(checked.value("process_resident_memory_bytes").value_or(0) > 100'000);
  for (auto const &family : checked.families)
    BOOST_TEST((family.type == "counter") == family.name.ends_with("_total"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
