// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/descriptor_reserve.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <cerrno>
#include <optional>

#include "shortage.hpp"
#include "sockets.hpp"

using loopmeter::unique_fd;
using loopmeter::server::descriptor_reserve;

namespace {

struct fixture {
  fixture() {
    ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
    reserve.add_listener();
  }

  unique_fd listener = test::listen_on_loopback();
  unique_fd one = test::connect_to(test::port_of(listener));
  unique_fd two = test::connect_to(test::port_of(listener));
  descriptor_reserve reserve;
  unique_fd accepted;
  int error = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(server_descriptor_reserve, fixture)

BOOST_AUTO_TEST_CASE(while_there_are_enough_it_gives_none) {
  BOOST_TEST(!reserve.low());
  reserve.ran_out();
  BOOST_TEST(reserve.low());
  BOOST_TEST(!reserve.accept(listener.get(), accepted, error));
  BOOST_TEST(!accepted);
  BOOST_TEST(!reserve.low());
}

BOOST_AUTO_TEST_CASE(it_accepts_without_any_other_and_keeps_one_again) {
  test::shortage const none(0);
  reserve.ran_out();
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(reserve.accept(listener.get(), accepted, error));
    BOOST_TEST(static_cast<bool>(accepted));
    accepted.reset();  // and with it the descriptor
  }
  BOOST_TEST(reserve.accept(listener.get(), accepted, error));
  BOOST_TEST(!accepted);
  BOOST_TEST(error == EAGAIN);
  BOOST_TEST(reserve.low());
}

BOOST_AUTO_TEST_CASE(what_is_in_use_is_not_there_and_comes_back) {
  test::shortage const none(0);
  reserve.ran_out();
  BOOST_TEST(reserve.accept(listener.get(), accepted, error));
  unique_fd other;
  BOOST_TEST(!reserve.accept(listener.get(), other, error));
  BOOST_TEST(reserve.low());
  accepted.reset();
  BOOST_TEST(reserve.accept(listener.get(), other, error));
  BOOST_TEST(static_cast<bool>(other));
}

// Two listeners have two: while one serves somebody, the other is not without.
BOOST_AUTO_TEST_CASE(one_for_each_listener_and_for_all_of_them) {
  reserve.add_listener();
  test::shortage const none(0);
  reserve.ran_out();
  BOOST_TEST(reserve.accept(listener.get(), accepted, error));
  unique_fd other;
  BOOST_TEST(reserve.accept(listener.get(), other, error));
  BOOST_TEST(static_cast<bool>(other));
}

BOOST_AUTO_TEST_CASE(one_free_descriptor_belongs_to_the_reserve_first) {
  std::optional<test::shortage> none(0);
  reserve.ran_out();
  BOOST_TEST(reserve.accept(listener.get(), accepted, error));
  accepted.reset();  // one is free, and none is kept: not enough for all to accept again
  unique_fd other;
  BOOST_TEST(reserve.accept(listener.get(), other, error));
  BOOST_TEST(reserve.low());
  none.reset();
  BOOST_TEST(!reserve.accept(listener.get(), accepted, error));
  BOOST_TEST(!reserve.low());
}

BOOST_AUTO_TEST_CASE(a_listener_that_goes_gives_its_own_back) {
  test::shortage const none(0);
  reserve.remove_listener();
  BOOST_TEST(static_cast<bool>(unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
}

BOOST_AUTO_TEST_SUITE_END()
