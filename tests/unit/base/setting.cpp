// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/setting.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

using loopmeter::allowed_text;
using loopmeter::parse_quantity;
using loopmeter::quantity;
using loopmeter::quantity_text;
using loopmeter::unit;

namespace {

constexpr quantity number{unit::count, 1, 100};
constexpr quantity size{unit::bytes, 256, 4ULL << 30U};
constexpr quantity span{unit::milliseconds, 0, 3'600'000};
constexpr quantity chosen{unit::count, 10, 100, "auto"};

struct holder {
  std::uint32_t count = 7;
  std::chrono::milliseconds wait{1500};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(base_setting)

BOOST_AUTO_TEST_CASE(text_and_back) {
  struct row {
    quantity what;
    char const *text;
    std::uint64_t value;
  };
  row const table[] = {
      {number, "1", 1},
      {number, "100", 100},
      {size, "256B", 256},
      {size, "8256B", 8256},
      {size, "16KB", 16'384},
      {size, "1MB", 1'048'576},
      {size, "1025KB", 1'049'600},
      {size, "4GB", 4'294'967'296},
      {span, "0ms", 0},
      {span, "250ms", 250},
      {span, "75s", 75'000},
      {span, "2m", 120'000},
      {span, "60m", 3'600'000},
      {chosen, "auto", 0},
      {chosen, "10", 10},
  };
  for (auto const &r : table) {
    BOOST_TEST_CONTEXT(r.text) {
      BOOST_TEST((parse_quantity(r.what, r.text) == r.value));
      BOOST_TEST(quantity_text(r.what, r.value) == r.text);
    }
  }
  BOOST_TEST((parse_quantity(size, "1024B") == 1024U));  // longer ones are allowed, too
  BOOST_TEST((parse_quantity(span, "3600s") == 3'600'000U));
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  struct row {
    quantity what;
    char const *text;
  };
  row const table[] = {
      {number, ""},    {number, "0"},   {number, "101"},     {number, "-1"},
      {number, "+1"},  {number, " 1"},  {number, "1 "},      {number, "1.5"},
      {number, "1B"},  {number, "ten"}, {number, "0x1"},     {number, "auto"},
      {size, "255B"},  {size, "16"},    {size, "16kb"},      {size, "16K"},
      {size, "16 KB"}, {size, "5GB"},   {size, "KB"},        {size, "18446744073709551615GB"},
      {size, "0"},     {span, "10"},    {span, "1h"},        {span, "61m"},
      {span, "3601s"}, {span, "1S"},    {span, "3600001ms"}, {span, "99999999999999999999s"},
      {span, "s"},     {chosen, "0"},   {chosen, "9"},       {chosen, "AUTO"},
  };
  for (auto const &r : table)
    BOOST_TEST(!parse_quantity(r.what, r.text).has_value(), r.text);
}

BOOST_AUTO_TEST_CASE(says_what_is_allowed) {
  BOOST_TEST(allowed_text(number) == "a number from 1 to 100");
  BOOST_TEST(allowed_text(size) == "a size like 512B, 16KB or 1MB, from 256B to 4GB");
  BOOST_TEST(allowed_text(span) == "a time like 250ms, 10s or 2m, from 0ms to 60m");
  BOOST_TEST(allowed_text(chosen) == "auto or a number from 10 to 100");
}

BOOST_AUTO_TEST_CASE(reaches_its_member) {
  constexpr auto count = loopmeter::make_setting<holder>("a.count", number, "A count",
                                                         [](auto &h) -> auto & { return h.count; });
  constexpr auto wait = loopmeter::make_setting<holder>("a.wait", span, "A time",
                                                        [](auto &h) -> auto & { return h.wait; });
  holder h;
  BOOST_TEST(count.get(h) == 7U);
  BOOST_TEST(wait.get(h) == 1500U);
  count.set(h, 9);
  wait.set(h, 250);
  BOOST_TEST(h.count == 9U);
  BOOST_TEST((h.wait == std::chrono::milliseconds(250)));
}

BOOST_AUTO_TEST_SUITE_END()
