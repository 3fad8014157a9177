// SPDX-License-Identifier: Apache-2.0
// What happens once in a process, at the opening of the cell space, is tested in processes of its
// own: this program again, told to run one of the cases that are otherwise disabled.
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/shard.hpp>

#include "probe.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <string>

extern char **environ;

namespace loopmeter::metrics {
namespace {

int run_alone(std::string const &name) {
  std::string program = "/proc/self/exe";
  std::string filter = "--run_test=fresh_process/" + name;
  std::string level = "--log_level=error";
  std::array<char *, 4> arguments{program.data(), filter.data(), level.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0) {
    return -1;
  }
  int status = 0;
  while (waitpid(child, &status, 0) != child) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr std::array<char const *, 5> cases{
    "the_space_is_set_before_its_first_use", "a_full_space_refuses_families",
    "a_full_space_overflows_open_families", "without_any_address_space",
    "default_handles_need_no_space"};

BOOST_AUTO_TEST_SUITE(cell_space)

BOOST_AUTO_TEST_CASE(opens_as_it_should) {
  for (char const *name : cases) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(run_alone(name) == 0);
    }
  }
  BOOST_TEST(run_alone("no_such_case") != 0);  // so that a renamed case is not passed over
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fresh_process, *boost::unit_test::disabled())

BOOST_AUTO_TEST_CASE(the_space_is_set_before_its_first_use) {
  BOOST_TEST(!set_shard_bytes(shard_bytes_min - 1));
  BOOST_TEST(!set_shard_bytes(shard_bytes_max + 1));
  BOOST_TEST(set_shard_bytes(shard_bytes_min + 1));
  BOOST_TEST(usage().shards == 0U);
  BOOST_TEST(prepare_thread());
  BOOST_TEST(prepare_thread());  // the same again
  BOOST_TEST(usage().cells_max == (shard_bytes_min + 4096) / sizeof(detail::cell));
  BOOST_TEST(usage().shards == 1U);
  BOOST_TEST(!set_shard_bytes(shard_bytes_default));
}

struct index_label {
  std::size_t index;
};
std::size_t label_index(index_label label) {
  return label.index;
}

BOOST_AUTO_TEST_CASE(a_full_space_refuses_families) {
  BOOST_TEST(set_shard_bytes(shard_bytes_min));
  registry families;
  std::vector<std::string> values;
  for (int i = 0; i < 200; ++i)
    values.push_back(std::to_string(i));
  label_domain const a{"a", values};
  label_domain const b{"b", values};
  label_domain const c{"c", values};
  auto const large = families.add_counter<index_label, index_label>({.name = "large_total"}, a, b);
  BOOST_TEST_REQUIRE(!large);
  BOOST_TEST((large.error() == registration_errc::cell_space_exhausted));
  BOOST_TEST(large.message().find("large_total") != std::string::npos);
  auto const huge = families.add_histogram<index_label, index_label, index_label>(
      {.name = "huge", .bounds = {1, 2, 3}}, a, b, c);
  BOOST_TEST_REQUIRE(!huge);
  BOOST_TEST((huge.error() == registration_errc::cell_space_exhausted));
  // The refusal took nothing: what fits is registered to the last cell.
  std::size_t const left = usage().cells_max - usage().cells_used;
  for (std::size_t i = 0; i < left; ++i) {
    std::string const name = test::numbered("x", i, "_total");
    BOOST_TEST_REQUIRE(families.add_counter({.name = name}).has_value());
  }
  BOOST_TEST(!families.add_counter({.name = "one_more_total"}));
  std::string const last = test::numbered("x", left - 1, "_total");
  families.add_counter({.name = last}).value().inc(5);
  BOOST_TEST(test::number_of(gather(families), last) == 5U);
}

// A native histogram takes so much of the space that its end comes long before any series_limit.
BOOST_AUTO_TEST_CASE(a_full_space_overflows_open_families) {
  BOOST_TEST(set_shard_bytes(std::size_t{1} << 20));
  registry families;
  auto const made =
      families
          .add_histogram({.name = "seconds", .bounds = {1}, .native = native_options{}},
                         open_labels{"tenant"})
          .value();
  constexpr std::uint64_t tenants = 100;
  for (std::uint64_t i = 0; i < tenants; ++i)
    made.with(std::to_string(i)).observe(2);
  auto now = gather(families);
  auto const *family = test::find_family(now, "seconds");
  BOOST_TEST_REQUIRE(family != nullptr);
  std::size_t const exposed = family->series.size();
  BOOST_TEST(exposed > 10U);
  BOOST_TEST(exposed < tenants);
  BOOST_TEST(family->series.back().open->values.front() == overflow_value);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < exposed; ++i)
    total += now.values[family->first_value + i * family->definition->values_per_series() + 3];
  BOOST_TEST(total == tenants);  // nothing is lost
  std::uint64_t const overflowed = tenants - (exposed - 1);
  BOOST_TEST(test::number_of(now, "loopmeter_series_overflows_total") == overflowed);
  BOOST_TEST(now.natives.back().positive.front().count == overflowed);
  // Who removes the overflow series then has none: what comes is dropped, and counted.
  BOOST_TEST(made.remove(overflow_value));
  made.with("late").observe(2);
  now = gather(families);
  BOOST_TEST(test::find_family(now, "seconds")->series.size() == exposed - 1);
  BOOST_TEST(test::number_of(now, "loopmeter_series_overflows_total") == overflowed + 1);
  auto const refused = families.add_histogram({.name = "more_seconds", .native = native_options{}},
                                              open_labels{"tenant"});
  BOOST_TEST_REQUIRE(!refused);
  BOOST_TEST((refused.error() == registration_errc::cell_space_exhausted));
}

BOOST_AUTO_TEST_CASE(without_any_address_space) {
  detail::set_reserve_function([](std::size_t) noexcept -> void * { return nullptr; });
  registry families;
  auto const refused = families.add_counter({.name = "events_total"});
  BOOST_TEST_REQUIRE(!refused);
  BOOST_TEST((refused.error() == registration_errc::cell_space_unavailable));
  counter{}.inc();
  BOOST_TEST(!prepare_thread());
  // Nothing can be recorded, but a scrape still works.
  BOOST_TEST(gather(families).values.empty());
  detail::set_reserve_function(nullptr);
  BOOST_TEST(families.add_counter({.name = "events_total"}).has_value());
}

BOOST_AUTO_TEST_CASE(default_handles_need_no_space) {
  gauge{}.set(1);
  gauge{}.add(1);
  counter{}.inc();
  float_counter{}.inc(1);
  level{}.inc();
  level{}.dec();
  histogram{}.observe(1);
  counter_family<index_label>{}.at({77}).inc();
  counter_family<index_label>{}.expect_all();
  histogram_family<index_label>{}.expect({77}).observe(1);
  gauge{}.set(1);
  BOOST_TEST(usage().cells_used == detail::fixed_cells::end);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
