// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/assert.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace {

struct end_of_child {
  int status = 0;
  std::string output;
};

// In a child: the parent must live on.
end_of_child run_in_child(void (*action)()) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  auto const child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // not Boost.Test's handler
    ::dup2(ends[1], STDERR_FILENO);
    action();
    ::_exit(0);
  }
  ::close(ends[1]);
  end_of_child end;
  char buffer[512];
  for (auto n = ::read(ends[0], buffer, sizeof buffer); n > 0;
       n = ::read(ends[0], buffer, sizeof buffer)) {
    end.output.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  ::waitpid(child, &end.status, 0);
  return end;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(base_assert)

BOOST_AUTO_TEST_CASE(what_holds_is_evaluated_once) {
  int evaluated = 0;
  LOOPMETER_ASSERT(++evaluated == 1);
  BOOST_TEST(evaluated == 1);
}

BOOST_AUTO_TEST_CASE(what_fails_says_where_and_aborts) {
  auto const end = run_in_child([] { LOOPMETER_ASSERT(1 + 1 == 3); });
  BOOST_TEST(WIFSIGNALED(end.status));
  BOOST_TEST(WTERMSIG(end.status) == SIGABRT);
  BOOST_TEST(end.output.find("loopmeter: assertion failed: 1 + 1 == 3 (") != std::string::npos);
  BOOST_TEST(end.output.find("assert.cpp:") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
