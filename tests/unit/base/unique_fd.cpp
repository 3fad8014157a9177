// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/unique_fd.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <utility>

using loopmeter::unique_fd;

namespace {

unique_fd open_null() {
  return unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
bool is_open(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) >= 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(base_unique_fd)

BOOST_AUTO_TEST_CASE(closes_once) {
  int number = -1;
  {
    auto const one = open_null();
    number = one.get();
    BOOST_TEST(static_cast<bool>(one));
    BOOST_TEST(is_open(number));
  }
  BOOST_TEST(!is_open(number));
  BOOST_TEST(!unique_fd());
}

BOOST_AUTO_TEST_CASE(moves) {
  auto one = open_null();
  auto const number = one.get();
  unique_fd two(std::move(one));
  BOOST_TEST(two.get() == number);
  auto three = open_null();
  auto const other = three.get();
  three = std::move(two);
  BOOST_TEST(three.get() == number);
  BOOST_TEST(!is_open(other));
  auto &same = three;
  three = std::move(same);
  BOOST_TEST(is_open(number));
}

BOOST_AUTO_TEST_CASE(release_gives_it_away) {
  auto one = open_null();
  auto const number = one.release();
  BOOST_TEST(!one);
  BOOST_TEST(is_open(number));
  one.reset(number);
  one.reset();
  BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_SUITE_END()
