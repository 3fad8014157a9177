// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/exemplar.hpp>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include "probe.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace loopmeter::metrics {
namespace {

constexpr std::string_view valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string hex(auto const &bytes) {
  std::string digits(2 * bytes.size(), ' ');
  write_hex(digits.data(), bytes.data(), bytes.size());
  return digits;
}

trace_context trace(std::uint8_t number) {
  trace_context made{.trace_id = {}, .span_id = {}, .sampled = true};
  made.trace_id.back() = number;
  made.span_id.back() = number;
  return made;
}

struct position {
  std::size_t index;
};
std::size_t label_index(position of) {
  return of.index;
}

BOOST_AUTO_TEST_SUITE(exemplars)

BOOST_AUTO_TEST_CASE(a_traceparent_is_read) {
  auto const read = parse_traceparent(valid);
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(hex(read->trace_id) == "4bf92f3577b34da6a3ce929d0e0e4736");
  BOOST_TEST(hex(read->span_id) == "00f067aa0ba902b7");
  BOOST_TEST(read->sampled);
  std::string other{valid};
  other.back() = '0';
  BOOST_TEST(!parse_traceparent(other)->sampled);
  // A later version may have more to say.
  BOOST_TEST(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what")
                 .has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_traceparent_is_refused) {
  std::string const text{valid};
  for (std::size_t size = 0; size < text.size(); ++size)
    BOOST_TEST(!parse_traceparent(text.substr(0, size)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (char const c : {'-', 'g', 'F', ' ', '\0', '\xff'}) {
      std::string bad = text;
      if (bad[i] == c) continue;
      bad[i] = c;
      BOOST_TEST(!parse_traceparent(bad), bad);
    }
  }
  BOOST_TEST(!parse_traceparent(text + "-more"));
  BOOST_TEST(!parse_traceparent("cc" + text.substr(2) + "more"));
  BOOST_TEST(!parse_traceparent("ff" + text.substr(2)));
  BOOST_TEST(!parse_traceparent("00-" + std::string(32, '0') + text.substr(35)));
  BOOST_TEST(!parse_traceparent(text.substr(0, 36) + std::string(16, '0') + "-01"));
}

BOOST_AUTO_TEST_CASE(a_bucket_keeps_the_first_trace_since_the_last_gather) {
  registry families;
  auto const made =
      families.add_histogram({.name = "v", .bounds = {1, 2}, .exemplars = true}).value();
  made.observe(0.5, trace(1));
  made.observe(0.7, trace(2));
  made.observe(5, trace(3));
  made.observe(1.5);
  auto now = gather(families);
  std::size_t const first = test::find_family(now, "v")->first_value;
  BOOST_TEST_REQUIRE(now.exemplars.size() == 2U);
  BOOST_TEST((now.exemplars[0].trace == trace(1)));
  BOOST_TEST(now.exemplars[0].value_index == first);
  BOOST_TEST(now.exemplars[0].observed == 0.5);
  BOOST_TEST(now.exemplars[0].timestamp_ms > 1'700'000'000'000);
  BOOST_TEST((now.exemplars[1].trace == trace(3)));
  BOOST_TEST(now.exemplars[1].value_index == first + 2);
  made.observe(0.9, trace(4));
  now = gather(families);
  BOOST_TEST_REQUIRE(now.exemplars.size() == 2U);
  BOOST_TEST((now.exemplars[0].trace == trace(4)));
  BOOST_TEST((now.exemplars[1].trace == trace(3)));
  BOOST_TEST(test::number_of(now, "v", 0, 2) == 5U);
}

BOOST_AUTO_TEST_CASE(no_trace_no_exemplar) {
  registry families;
  auto const keeps = families.add_histogram({.name = "keeps", .exemplars = true}).value();
  auto const does_not = families.add_histogram({.name = "does_not"}).value();
  trace_context unsampled = trace(1);
  unsampled.sampled = false;
  keeps.observe(1, unsampled);
  keeps.observe(std::nan(""), trace(1));
  does_not.observe(1, trace(1));
  auto const now = gather(families);
  BOOST_TEST(now.exemplars.empty());
  BOOST_TEST(test::number_of(now, "keeps", 0, 0) == 1U);
  BOOST_TEST(test::number_of(now, "does_not", 0, 0) == 1U);
}

BOOST_AUTO_TEST_CASE(a_native_histogram_without_bounds_keeps_several) {
  registry families;
  auto const made =
      families.add_histogram({.name = "v", .native = native_options{}, .exemplars = true}).value();
  for (int i = 0; i < 100; ++i)
    made.observe(1 + i, trace(static_cast<std::uint8_t>(i + 1)));
  auto const now = gather(families);
  BOOST_TEST(now.exemplars.size() == 8U);
  for (exemplar const &one : now.exemplars) {
    BOOST_TEST(one.value_index == test::find_family(now, "v")->first_value);
    BOOST_TEST(one.observed == one.trace.trace_id.back());
  }
}

BOOST_AUTO_TEST_CASE(a_counter_keeps_the_first_trace_since_the_last_gather) {
  registry families{{.self_metrics = false}};
  auto const events = families.add_counter({.name = "e_total", .exemplars = true}).value();
  auto const seconds = families.add_float_counter({.name = "s_total", .exemplars = true}).value();
  events.inc(3, trace(1));
  events.inc(4, trace(2));
  seconds.inc(0.25, trace(3));
  auto now = gather(families);
  BOOST_TEST_REQUIRE(now.exemplars.size() == 2U);
  BOOST_TEST((now.exemplars[0].trace == trace(1)));
  BOOST_TEST(now.exemplars[0].value_index == test::find_family(now, "e_total")->first_value);
  BOOST_TEST(now.exemplars[0].observed == 3);
  BOOST_TEST(now.exemplars[0].timestamp_ms > 1'700'000'000'000);
  BOOST_TEST((now.exemplars[1].trace == trace(3)));
  BOOST_TEST(now.exemplars[1].observed == 0.25);
  events.inc(1, trace(4));  // of the next generation, although no histogram is there to turn it
  now = gather(families);
  BOOST_TEST((now.exemplars.front().trace == trace(4)));
  BOOST_TEST(test::number_of(now, "e_total") == 8U);
}

BOOST_AUTO_TEST_CASE(a_counter_without_a_kept_trace_has_no_exemplar) {
  registry families;
  auto const keeps = families.add_counter({.name = "keeps_total", .exemplars = true}).value();
  auto const seconds =
      families.add_float_counter({.name = "seconds_total", .exemplars = true}).value();
  auto const does_not = families.add_counter({.name = "does_not_total"}).value();
  trace_context unsampled = trace(1);
  unsampled.sampled = false;
  keeps.inc(1, unsampled);
  keeps.inc(0, trace(1));
  seconds.inc(-1, trace(1));
  does_not.inc(1, trace(1));
  counter{}.inc(1, trace(1));
  auto const now = gather(families);
  BOOST_TEST(now.exemplars.empty());
  BOOST_TEST(test::number_of(now, "keeps_total") == 1U);
  BOOST_TEST(test::number_of(now, "does_not_total") == 1U);
  auto const other = families.add_counter({.name = "keeps_total"});
  BOOST_TEST_REQUIRE(!other);
  BOOST_TEST((other.error() == registration_errc::shape_conflict));
}

BOOST_AUTO_TEST_CASE(each_series_of_counters_has_its_own_exemplar) {
  registry families{{.self_metrics = false}};
  std::vector<std::string> const names{"a", "b", "c"};
  auto const closed = families
                          .add_counter<position>({.name = "closed_total", .exemplars = true},
                                                 label_domain{"name", names})
                          .value();
  auto const open = families
                        .add_counter({.name = "open_total", .exemplars = true, .series_limit = 3},
                                     open_labels{"name"})
                        .value();
  for (std::uint8_t i = 0; i < 3; ++i) {
    closed.at({i}).inc(1, trace(static_cast<std::uint8_t>(1 + i)));
    open.with(names[i]).inc(1, trace(static_cast<std::uint8_t>(4 + i)));
  }
  open.with("too much").inc(1, trace(7));
  auto const now = gather(families);
  BOOST_TEST_REQUIRE(now.exemplars.size() == 7U);
  for (std::size_t i = 0; i < now.exemplars.size(); ++i) {
    BOOST_TEST(now.exemplars[i].value_index == i);
    BOOST_TEST((now.exemplars[i].trace == trace(static_cast<std::uint8_t>(i + 1))));
    BOOST_TEST(now.values[i] == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_reset_takes_the_exemplars_of_before) {
  registry families;
  auto const made = families.add_counter({.name = "e_total", .exemplars = true}).value();
  made.inc(1, trace(1));
  BOOST_TEST(gather(families).exemplars.size() == 1U);
  auto const before = unix_milliseconds();
  while (unix_milliseconds() == before) {  // times are in milliseconds
  }
  BOOST_TEST(families.reset_family("e_total"));
  BOOST_TEST(gather(families).exemplars.empty());
  made.inc(1, trace(2));
  BOOST_TEST(gather(families).exemplars.size() == 1U);
}

// What a gather reads is one observation's: value and trace are written as a pair.
BOOST_AUTO_TEST_CASE(an_exemplar_is_whole) {
  registry families;
  auto const made = families.add_histogram({.name = "v", .exemplars = true}).value();
  std::atomic<bool> stop{false};
  std::jthread const writer{[&] {
    for (std::uint8_t i = 1; !stop; i = static_cast<std::uint8_t>(i % 250 + 1))
      made.observe(i, trace(i));
  }};
  std::size_t broken = 0;
  std::size_t seen = 0;
  for (int i = 0; i < (test::is_sanitized ? 2'000 : 50'000); ++i) {
    for (exemplar const &one : gather(families).exemplars) {
      ++seen;
      bool const whole = one.observed == one.trace.trace_id.back() &&
                         one.trace.trace_id.back() == one.trace.span_id.back();
      broken += whole ? 0U : 1U;
    }
  }
  stop = true;
  BOOST_TEST(broken == 0U);
  BOOST_TEST(seen > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
