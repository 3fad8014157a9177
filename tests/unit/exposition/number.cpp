// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/number.hpp>

#include <boost/test/unit_test.hpp>

#include <charconv>
#include <clocale>
#include <iterator>
#include <limits>
#include <locale>
#include <random>
#include <string>

namespace loopmeter::exposition {
namespace {

template <class Number>
std::string written(Number value) {
  char digits[number_bytes_max];
  return {digits, write_number(digits, value)};
}

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(whole_numbers_have_all_their_digits) {
  BOOST_TEST(written(std::uint64_t{0}) == "0");
  BOOST_TEST(written(~std::uint64_t{0}) == "18446744073709551615");
  BOOST_TEST(written((std::uint64_t{1} << 53) + 1) == "9007199254740993");
  BOOST_TEST(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
}

// An algorithm of our own, so beside the standard library's: around each power of ten, and at
// random in all sizes.
BOOST_AUTO_TEST_CASE(whole_numbers_are_as_the_standard_library_writes_them) {
  std::size_t wrong = 0;
  auto const check = [&wrong](auto value) {
    char digits[number_bytes_max];
    std::string const expected{digits, std::to_chars(digits, std::end(digits), value).ptr};
    wrong += written(value) == expected ? 0U : 1U;
  };
  std::uint64_t power = 1;
  for (int i = 0; i < 20; ++i, power *= 10) {
    for (std::uint64_t const value : {power - 1, power, power + 1, 5 * power}) {
      check(value);
      check(static_cast<std::int64_t>(value));
      check(static_cast<std::int64_t>(0 - value));
    }
  }
  for (std::uint64_t value = 0; value < 20'000; ++value)
    check(value);
  std::mt19937_64 random{7};
  for (int i = 0; i < 100'000; ++i)
    check(random() >> random() % 64);
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(doubles_are_as_short_as_they_can_be) {
  BOOST_TEST(written(0.0) == "0");
  BOOST_TEST(written(-0.0) == "-0");
  BOOST_TEST(written(0.005) == "0.005");
  BOOST_TEST(written(0.1) == "0.1");
  BOOST_TEST(written(0.1 + 0.2) == "0.30000000000000004");
  BOOST_TEST(written(1e6) == "1000000");
  BOOST_TEST(written(-42.0) == "-42");
  BOOST_TEST(written(1234567.25) == "1234567.25");
  BOOST_TEST(written(9007199254740992.0) == "9007199254740992");
  BOOST_TEST(written(1e22) == "1e+22");
  BOOST_TEST(written(5e-324) == "5e-324");
  BOOST_TEST(written(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
  BOOST_TEST(written(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  BOOST_TEST(written(-std::numeric_limits<double>::quiet_NaN()) == "NaN");
  BOOST_TEST(written(std::numeric_limits<double>::infinity()) == "+Inf");
  BOOST_TEST(written(-std::numeric_limits<double>::infinity()) == "-Inf");
}

BOOST_AUTO_TEST_CASE(every_double_reads_back_as_itself) {
  std::mt19937_64 random{11};
  std::size_t wrong = 0;
  for (int i = 0; i < 100'000; ++i) {
    auto const value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    std::string const text = written(value);
    double back = 0;
    auto const end = std::from_chars(text.data(), text.data() + text.size(), back).ptr;
    bool const same = std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value);
    wrong += same && end == text.data() + text.size() ? 0U : 1U;
    BOOST_REQUIRE(text.size() <= number_bytes_max);
  }
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(the_kind_says_how_to_read_the_bits) {
  char digits[number_bytes_max];
  auto const as = [&digits](metrics::value_kind kind, std::uint64_t bits) {
    return std::string{digits, write_number(digits, kind, bits)};
  };
  BOOST_TEST(as(metrics::value_kind::u64, ~std::uint64_t{0}) == "18446744073709551615");
  BOOST_TEST(as(metrics::value_kind::i64, ~std::uint64_t{0}) == "-1");
  BOOST_TEST(as(metrics::value_kind::f64, std::bit_cast<std::uint64_t>(1.5)) == "1.5");
}

struct decimal_comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

BOOST_AUTO_TEST_CASE(no_locale_matters) {
  std::locale const before =
      std::locale::global(std::locale{std::locale::classic(), new decimal_comma});
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // where the machine has it
  BOOST_TEST(written(1234567.25) == "1234567.25");
  BOOST_TEST(written(std::uint64_t{1234567}) == "1234567");
  std::setlocale(LC_ALL, "C");
  std::locale::global(before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
