// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/proc_files.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace loopmeter::collectors::detail {
namespace {

// Fields 3 to 52 of proc(5); utime 14, stime 15, threads 20, start 22, vsize 23, rss 24.
constexpr char const *fields =
    " S 1 2 3 0 -1 4194560 500 0 3 0 1234 66 7 8 20 0 9 0 987654321 18446744073709551615 4321 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 16386 0 0 0 17 3 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

BOOST_AUTO_TEST_SUITE(proc_files)

BOOST_AUTO_TEST_CASE(stat_whatever_the_name_is) {
  for (std::string const name : {"demo", "", "two words", "a) R 5 5 5", "((", "new\nline)) ("}) {
    BOOST_TEST_CONTEXT(name) {
      auto const stat = parse_process_stat("12242 (" + name + ")" + fields);
      BOOST_REQUIRE(stat.has_value());
      BOOST_TEST(stat->user_ticks == 1234U);
      BOOST_TEST(stat->system_ticks == 66U);
      BOOST_TEST(stat->threads == 9U);
      BOOST_TEST(stat->start_ticks == 987654321U);
      BOOST_TEST(stat->virtual_bytes == UINT64_MAX);
      BOOST_TEST(stat->resident_pages == 4321U);
    }
  }
}

BOOST_AUTO_TEST_CASE(stat_that_is_not_whole_is_none) {
  for (char const *text :
       {"", "1", "1 (a", "1 (a) S 1 2", "1 (a)",
        "1 (a) S 1 2 3 0 -1 4 5 0 3 0 x 66 7 8 20 0 9 0 9 5 4",
        "1 (a) S 1 2 3 0 -1 4 5 0 3 0 -1 66 7 8 20 0 9 0 9 5 4",
        "1 (a) S 1 2 3 0 -1 4 5 0 3 0 1 66 7 8 20 0 9 0 9 5 18446744073709551616",
        "1 (a) S 1 2 3 0 -1 4 5 0 3 0 1 66 7 8 20 0 9 0 9 5"}) {
    BOOST_TEST(!parse_process_stat(text).has_value(), text);
  }
  BOOST_TEST(
      parse_process_stat("1 (a) S 1 2 3 0 -1 4 5 0 3 0 1 66 7 8 20 0 9 0 9 5 4").has_value());
}

BOOST_AUTO_TEST_CASE(boot_time) {
  BOOST_TEST(parse_boot_time("cpu  1 2 3\nintr 5 0 0\nctxt 9\nbtime 1795391576\nprocesses 7\n")
                 .value_or(0) == 1795391576U);
  BOOST_TEST(parse_boot_time("btime 5").value_or(0) == 5U);
  for (char const *text : {"", "cpu 1 2\n", "btime\n", "btime x\n", "xbtime 5\n", "intr btime 5\n"})
    BOOST_TEST(!parse_boot_time(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(netstat_finds_values_by_their_names) {
  auto const octets = parse_netstat(
      "TcpExt: InOctets OutOctets\nTcpExt: 1 2\n"
      "IpExt: InNoRoutes OutOctets InOctets InMcastOctets\n"
      "IpExt: 0 9418882433 18446744073709551615 7\n"
      "MPTcpExt: InOctets\nMPTcpExt: 3\n");
  BOOST_TEST(octets.received.value_or(0) == UINT64_MAX);
  BOOST_TEST(octets.transmitted.value_or(0) == 9418882433U);
}

BOOST_AUTO_TEST_CASE(netstat_without_them_has_none) {
  for (char const *text : {"", "IpExt: InOctets OutOctets\n", "IpExt: InOctets OutOctets\nIpExt:\n",
                           "IpExt: InOctets OutOctets\nIpExt: x -1\n", "IpExt: A B\nIpExt: 1 2\n",
                           "TcpExt: InOctets OutOctets\nTcpExt: 1 2\n"}) {
    auto const octets = parse_netstat(text);
    BOOST_TEST(!octets.received.has_value(), text);
    BOOST_TEST(!octets.transmitted.has_value(), text);
  }
  auto const half = parse_netstat("IpExt: InOctets OutOctets\nIpExt: 5\n");
  BOOST_TEST(half.received.value_or(0) == 5U);
  BOOST_TEST(!half.transmitted.has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors::detail
