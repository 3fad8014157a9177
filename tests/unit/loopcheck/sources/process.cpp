// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/sources/process.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>

namespace loopcheck {
namespace {

using namespace std::chrono_literals;
using end = process_result::end;

process_result sh(char const *script, std::chrono::milliseconds timeout = 20s,
                  std::size_t output_bytes_max = 1u << 20) {
  return run({{"sh", "-c", script}, output_bytes_max, timeout});
}

BOOST_AUTO_TEST_SUITE(sources_process)

BOOST_AUTO_TEST_CASE(what_it_says) {
  auto const done = sh("printf out; printf err >&2; exit 3");
  BOOST_TEST((done.how == end::exited));
  BOOST_TEST(done.code == 3);
  BOOST_TEST(done.output == "out");
  BOOST_TEST(done.errors == "err");
  // Nothing to read, and no shell between us and the program.
  BOOST_TEST(run({{"cat"}}).output == "");
  BOOST_TEST(run({{"printf", "%s", "$HOME; `x`"}}).output == "$HOME; `x`");
}

BOOST_AUTO_TEST_CASE(large_output_on_both) {
  auto const done = sh("head -c 900000 /dev/zero; head -c 900000 /dev/zero >&2");
  BOOST_TEST((done.how == end::exited));
  BOOST_TEST(done.output.size() == 900'000u);
  BOOST_TEST(done.errors.size() == 65'536u);
  BOOST_TEST((sh("head -c 1048576 /dev/zero").how == end::exited));
  auto const begin = std::chrono::steady_clock::now();
  BOOST_TEST((sh("head -c 1048577 /dev/zero; exec sleep 60").how == end::too_large));
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 10s));
}

BOOST_AUTO_TEST_CASE(killed_at_the_deadline) {
  auto const begin = std::chrono::steady_clock::now();
  auto const done = sh("printf early; exec sleep 60", 300ms);
  BOOST_TEST((done.how == end::timed_out));
  BOOST_TEST(done.output == "early");
  // Closed pipes are no end.
  BOOST_TEST((sh("exec >&- 2>&-; exec sleep 60", 300ms).how == end::timed_out));
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 10s));
}

BOOST_AUTO_TEST_CASE(what_it_left_behind_is_not_waited_for) {
  auto const begin = std::chrono::steady_clock::now();
  auto const done = sh("sleep 5 & printf out");
  BOOST_TEST((done.how == end::exited));
  BOOST_TEST(done.output == "out");
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 4s));
}

BOOST_AUTO_TEST_CASE(not_run) {
  BOOST_TEST((run({{"there-is-no-such-program"}}).how == end::missing));
  auto const folder = run({{"/"}});
  BOOST_TEST((folder.how == end::not_started));
  BOOST_TEST(folder.code == EACCES);
  auto const killed = sh("kill -9 $$");
  BOOST_TEST((killed.how == end::signalled));
  BOOST_TEST(killed.code == 9);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
