// SPDX-License-Identifier: Apache-2.0
// With a jemalloc of our own making; tests/consumer asks a real one.
#include <loopmeter/collectors/allocator.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "foreign_values.hpp"

namespace loopmeter::collectors {
namespace {

constexpr std::array<char const *, 7> names{"epoch",          "stats.allocated", "stats.active",
                                            "stats.metadata", "stats.resident",  "stats.mapped",
                                            "stats.retained"};

struct fake_jemalloc {
  std::string unknown;  // a name that it does not have
  int epochs = 0;
  bool refuses_epochs = false;
} fake;

int name_to_mib(char const *name, std::size_t *mib, std::size_t *length) {
  auto const found = std::ranges::find(names, std::string_view{name});
  if (found == names.end() || name == fake.unknown) return ENOENT;
  auto const number = static_cast<std::size_t>(found - names.begin());
  std::size_t const parts = number == 0 ? 1 : 2;
  if (*length < parts) return EINVAL;
  *length = parts;
  mib[0] = parts;
  if (parts == 2) mib[1] = number;
  return 0;
}

int by_mib(std::size_t const *mib, std::size_t length, void *old_value, std::size_t *old_bytes,
           void *new_value, std::size_t new_bytes) {
  if (length == 1) {
    if (new_value == nullptr || new_bytes != sizeof(std::uint64_t) || fake.refuses_epochs) {
      return EINVAL;
    }
    ++fake.epochs;
    return 0;
  }
  if (length != 2 || mib[0] != 2 || *old_bytes != sizeof(std::size_t)) return EINVAL;
  std::size_t const value = 1000 * mib[1] + static_cast<std::size_t>(fake.epochs);
  std::memcpy(old_value, &value, sizeof value);
  return 0;
}

constexpr jemalloc_api fake_api{.name_to_mib = name_to_mib, .by_mib = by_mib};

struct fresh_fake {
  fresh_fake() { fake = {}; }
};

BOOST_FIXTURE_TEST_SUITE(allocator, fresh_fake)

BOOST_AUTO_TEST_CASE(all_values_are_of_one_epoch) {
  allocator_collector const collector{fake_api};
  std::map<std::string, double> const expected{
      {"jemalloc_allocated_bytes", 1001}, {"jemalloc_active_bytes", 2001},
      {"jemalloc_metadata_bytes", 3001},  {"jemalloc_resident_bytes", 4001},
      {"jemalloc_mapped_bytes", 5001},    {"jemalloc_retained_bytes", 6001}};
  BOOST_TEST((values_of(collector()) == expected));
  BOOST_TEST(values_of(collector()).at("jemalloc_retained_bytes") == 6002);
  BOOST_TEST(fake.epochs == 2);
}

BOOST_AUTO_TEST_CASE(what_it_does_not_know_is_left_out) {
  fake.unknown = "stats.metadata";
  auto const values = values_of(allocator_collector{fake_api}());
  BOOST_TEST(values.size() == 5U);
  BOOST_TEST(!values.contains("jemalloc_metadata_bytes"));
}

BOOST_AUTO_TEST_CASE(without_a_new_epoch_there_is_nothing) {
  allocator_collector const collector{fake_api};
  fake.refuses_epochs = true;
  BOOST_TEST(collector().empty());
  fake.unknown = "epoch";
  BOOST_TEST(allocator_collector{fake_api}().empty());
}

BOOST_AUTO_TEST_CASE(a_program_without_jemalloc) {
  BOOST_TEST(allocator_collector{jemalloc_api{}}().empty());
  metrics::registry families;
  bool const added = add_allocator_collector(families).has_value();
  BOOST_TEST(added == static_cast<bool>(linked_jemalloc()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
