// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/family.hpp>

#include "probe.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace loopmeter::metrics {
namespace {

using test::number_of;
using test::value_of;

enum class method { get, head, other };
enum class status { ok, failed };
struct route {
  std::uint32_t index;
};
constexpr std::size_t label_index(route value) {
  return value.index;
}

label_domain paths() {
  return {"path", {"/", "/hello", "/slow", "/x"}};
}
label_domain methods() {
  return {"method", {"GET", "HEAD", "other"}};
}
label_domain statuses() {
  return {"status", {"ok", "failed"}};
}

BOOST_AUTO_TEST_SUITE(families)

BOOST_AUTO_TEST_CASE(each_combination_of_labels_has_its_own_series) {
  registry registered;
  auto const requests = registered
                            .add_counter<route, method, status>({.name = "requests_total"}, paths(),
                                                                methods(), statuses())
                            .value();
  std::uint64_t n = 0;
  for (std::uint32_t r = 0; r < 4; ++r) {
    for (auto const m : {method::get, method::head, method::other}) {
      for (auto const s : {status::ok, status::failed})
        requests.at({r}, m, s).inc(++n);
    }
  }
  auto const now = gather(registered);
  BOOST_TEST(test::find_family(now, "requests_total")->series.size() == 24U);
  for (std::uint32_t series = 0; series < 24; ++series) {
    BOOST_TEST(number_of(now, "requests_total", series) == series + 1U);
  }
}

BOOST_AUTO_TEST_CASE(every_instrument_can_have_labels) {
  registry registered;
  auto const seconds = registered.add_float_counter<method>({.name = "s_total"}, methods()).value();
  auto const temperature = registered.add_gauge<method>({.name = "temperature"}, methods()).value();
  auto const open = registered.add_level<method>({.name = "open"}, methods()).value();
  auto const sizes =
      registered.add_histogram<method>({.name = "sizes", .bounds = {1}}, methods()).value();
  seconds.at(method::head).inc(0.5);
  temperature.at(method::other).set(-3);
  open.at(method::get).inc(2);
  open.at(method::other).inc();
  open.at(method::other).dec();
  sizes.at(method::other).observe(9);
  auto const now = gather(registered);
  BOOST_TEST(test::double_of(now, "s_total", 1).value() == 0.5);
  BOOST_TEST(test::double_of(now, "temperature", 2).value() == -3.0);
  BOOST_TEST(number_of(now, "open", 0) == 2U);
  BOOST_TEST(number_of(now, "open", 2) == 0U);
  BOOST_TEST(number_of(now, "sizes", 2, 3) == 1U);
  BOOST_TEST(!value_of(now, "open", 1).has_value());
  BOOST_TEST(!value_of(now, "sizes", 0).has_value());
}

BOOST_AUTO_TEST_CASE(a_series_appears_when_expected_or_with_its_first_event) {
  registry registered;
  auto const requests =
      registered.add_counter<method>({.name = "requests_total"}, methods()).value();
  BOOST_TEST(test::find_family(gather(registered), "requests_total") == nullptr);
  requests.expect(method::other);
  BOOST_TEST(number_of(gather(registered), "requests_total", 2) == 0U);
  requests.at(method::get).inc(0);  // no event
  BOOST_TEST(!value_of(gather(registered), "requests_total", 0).has_value());
  requests.at(method::get).inc();
  auto const now = gather(registered);
  BOOST_TEST(number_of(now, "requests_total", 0) == 1U);
  BOOST_TEST(!value_of(now, "requests_total", 1).has_value());
  requests.expect_all();
  BOOST_TEST(number_of(gather(registered), "requests_total", 1) == 0U);
  BOOST_TEST(number_of(gather(registered), "requests_total", 0) == 1U);
}

BOOST_AUTO_TEST_CASE(a_gauge_set_to_zero_appears) {
  registry registered;
  auto const value = registered.add_gauge<method>({.name = "value"}, methods()).value();
  value.at(method::get).set(0);
  value.at(method::head).add(0);
  auto const now = gather(registered);
  BOOST_TEST(value_of(now, "value", 0).has_value());
  BOOST_TEST(value_of(now, "value", 1).has_value());
  BOOST_TEST(!value_of(now, "value", 2).has_value());
}

// The first observation may be on either side of the epoch, in any thread.
BOOST_AUTO_TEST_CASE(a_histogram_appears_whichever_set_its_first_event_is_in) {
  registry registered;
  auto const sizes = registered.add_histogram<method>({.name = "sizes"}, methods()).value();
  sizes.at(method::get).observe(1);
  detail::epoch.value.fetch_add(1);
  sizes.at(method::head).observe(1);
  detail::epoch.value.fetch_add(1);
  auto const now = gather(registered);
  BOOST_TEST(number_of(now, "sizes", 0, 2) == 1U);
  BOOST_TEST(number_of(now, "sizes", 1, 2) == 1U);
}

BOOST_AUTO_TEST_CASE(a_label_outside_its_domain_is_a_bug) {
  registry registered;
  auto const requests =
      registered.add_counter<route, method>({.name = "requests_total"}, paths(), methods()).value();
  pid_t const child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // not Boost.Test's handler
    close(STDERR_FILENO);
    requests.at({4}, method::get).inc();
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) != child) {
  }
  BOOST_TEST(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGABRT);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
