// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include <clocale>
#include <cstdint>
#include <limits>
#include <locale>
#include <string>

#include <loopmeter/http/date.hpp>

using loopmeter::http::date_cache;

namespace {

std::string date(std::int64_t unix_seconds) {
  return std::string(date_cache().at(unix_seconds));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_date)

BOOST_AUTO_TEST_CASE(knows_the_calendar) {
  struct {
    std::int64_t unix_seconds;
    char const *text;
  } const table[] = {
      {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},  // the example of RFC 9110
      {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
      {59, "Thu, 01 Jan 1970 00:00:59 GMT"},
      {60, "Thu, 01 Jan 1970 00:01:00 GMT"},
      {86399, "Thu, 01 Jan 1970 23:59:59 GMT"},
      {86400, "Fri, 02 Jan 1970 00:00:00 GMT"},
      {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
      {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
      {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
      {1000000000, "Sun, 09 Sep 2001 01:46:40 GMT"},
      {1709251199, "Thu, 29 Feb 2024 23:59:59 GMT"},
      {1735689599, "Tue, 31 Dec 2024 23:59:59 GMT"},
      {1735689600, "Wed, 01 Jan 2025 00:00:00 GMT"},
      {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},  // behind 32 bits
      {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},  // no leap year
      {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
  };
  for (auto const &row : table)
    BOOST_TEST(date(row.unix_seconds) == row.text);
}

BOOST_AUTO_TEST_CASE(names_all_days_and_months) {
  std::string days;
  for (std::int64_t day = 0; day < 7; ++day)
    days += date(day * 86400).substr(0, 3);
  BOOST_TEST(days == "ThuFriSatSunMonTueWed");
  std::string months;
  for (std::int64_t month = 0; month < 12; ++month)
    months += date((15 + month * 30) * 86400).substr(8, 3);
  BOOST_TEST(months == "JanFebMarAprMayJunJulAugSepOctNovDec");
}

BOOST_AUTO_TEST_CASE(stays_within_four_digits_of_a_year) {
  BOOST_TEST(date(-1) == date(0));
  BOOST_TEST(date(std::numeric_limits<std::int64_t>::min()) == date(0));
  BOOST_TEST(date(253402300800) == date(253402300799));
  BOOST_TEST(date(std::numeric_limits<std::int64_t>::max()) == date(253402300799));
}

BOOST_AUTO_TEST_CASE(follows_every_change) {
  date_cache cache;
  BOOST_TEST(cache.at(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_TEST(cache.at(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_TEST(cache.at(784111778) == "Sun, 06 Nov 1994 08:49:38 GMT");
  BOOST_TEST(cache.at(0) == "Thu, 01 Jan 1970 00:00:00 GMT");  // a clock may be set back
  BOOST_TEST(cache.at(784111778) == "Sun, 06 Nov 1994 08:49:38 GMT");
  BOOST_TEST((cache.at(1).data() == cache.at(2).data()));
}

BOOST_AUTO_TEST_CASE(does_not_follow_the_locale) {
  struct grouping final : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  auto const before = std::locale::global(std::locale(std::locale::classic(), new grouping));
  // NOLINTBEGIN(concurrency-mt-unsafe): the only thread
  std::string const c_locale = std::setlocale(LC_ALL, nullptr);
  char const *named = nullptr;
  for (auto const *name : {"de_DE.UTF-8", "fr_FR.UTF-8", "zh_CN.UTF-8"}) {
    if (named == nullptr) named = std::setlocale(LC_ALL, name);
  }
  BOOST_TEST_MESSAGE("named locale: " << (named != nullptr ? named : "none installed"));
  auto const text = date(784111777);
  std::setlocale(LC_ALL, c_locale.c_str());
  // NOLINTEND(concurrency-mt-unsafe)
  std::locale::global(before);
  BOOST_TEST(text == "Sun, 06 Nov 1994 08:49:37 GMT");
}

BOOST_AUTO_TEST_SUITE_END()
