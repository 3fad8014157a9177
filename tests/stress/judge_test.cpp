// SPDX-License-Identifier: Apache-2.0
// The judge is judged first: each thing it is to find is put before it once, in each protocol that
// can say it.
#include "judge.hpp"

#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>
#include <loopmeter/metrics/registry.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>

namespace loopmeter::stress {
namespace {

using namespace metrics;

struct recorded {
  registry families{{.self_metrics = false}};
  counter events = families.add_counter({.name = "events_total"}).value();
  level open = families.add_level({.name = "open"}).value();
  histogram values =
      families
          .add_histogram(
              {.name = "values", .bounds = {1, 2, 3, 4, 5, 6, 7}, .native = native_options{}})
          .value();

  recorded() {
    events.inc(5);
    open.inc(2);
    for (int i = 1; i <= 8; ++i)
      values.observe(i);
  }

  snapshot now() const { return gather(families); }
};

std::uint64_t &value(snapshot &of, std::string_view name, std::size_t position = 0) {
  for (auto const &family : of.layout->families) {
    if (family.definition->name == name) return of.values[family.first_value + position];
  }
  throw std::logic_error{"no family " + std::string{name}};
}

std::string encoded(snapshot const &of, exposition::format as) {
  std::string body;
  exposition::encoder encoder;
  encoder.encode(of, as, body);
  return body;
}

// What the judge says of a good exposition and then of one that was spoilt.
std::vector<std::string> judged(exposition::format as, std::function<void(snapshot &)> spoil) {
  recorded const all;
  judge of{as};
  of.look(encoded(all.now(), as));
  BOOST_TEST(of.failures().empty(), (of.failures().empty() ? "" : of.failures().front()));
  snapshot spoilt = all.now();
  spoil(spoilt);
  of.look(encoded(spoilt, as));
  return of.failures();
}

bool says(std::vector<std::string> const &failures, std::string_view what) {
  for (std::string const &failure : failures) {
    if (failure.starts_with(what)) return true;
  }
  return false;
}

BOOST_AUTO_TEST_SUITE(of_expositions)

BOOST_AUTO_TEST_CASE(what_is_right_is_found_right) {
  for (auto const as : formats)
    BOOST_TEST(judged(as, [](snapshot &now) { ++value(now, "events_total"); }).empty());
}

BOOST_AUTO_TEST_CASE(a_counter_that_falls_is_found) {
  for (auto const as : formats)
    BOOST_TEST(says(judged(as, [](snapshot &now) { --value(now, "events_total"); }), "fell"));
}

BOOST_AUTO_TEST_CASE(a_negative_level_is_found) {
  for (auto const as : formats) {
    auto const found = judged(as, [](snapshot &now) { value(now, "open") -= 3; });
    BOOST_TEST(says(found, "negative"));
  }
}

BOOST_AUTO_TEST_CASE(a_sum_of_other_observations_is_found) {
  for (auto const as : formats) {
    auto const found = judged(as, [](snapshot &now) {
      std::uint64_t &sum = value(now, "values", 8);
      sum = detail::to_bits(detail::to_double(sum) + 1);
    });
    BOOST_TEST(says(found, "sum is not its buckets'"));
  }
}

BOOST_AUTO_TEST_CASE(a_count_of_other_observations_is_found) {
  for (auto const as : formats) {
    auto const found = judged(as, [](snapshot &now) { ++value(now, "values", 9); });
    // +Inf is not sent in protobuf: it is what the count says, which the native part is not then.
    BOOST_TEST((says(found, "count is not +Inf") || says(found, "native part")));
  }
}

BOOST_AUTO_TEST_CASE(buckets_that_fall_are_found) {
  for (auto const as : formats) {
    auto const found = judged(as, [](snapshot &now) { value(now, "values", 1) = 7; });
    BOOST_TEST(says(found, "invalid"));
  }
}

BOOST_AUTO_TEST_CASE(a_native_part_of_other_observations_is_found) {
  exposition::format const as = formats[4];
  auto const found = judged(as, [](snapshot &now) { ++now.natives[0].positive.front().count; });
  BOOST_TEST(says(found, "native part is not its classic part"));
}

BOOST_AUTO_TEST_CASE(half_an_exposition_is_found) {
  recorded const all;
  for (auto const as : formats) {
    std::string const body = encoded(all.now(), as);
    judge of{as};
    of.look(std::string_view{body}.substr(0, body.size() - 3));
    BOOST_TEST((says(of.failures(), "invalid") || says(of.failures(), "unreadable")));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::stress
