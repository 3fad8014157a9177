// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/route.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace loopmeter;
using http::method;
using server::accounting;
using server::route;
using server::route_table;

namespace {

http::response nothing(server::exchange &) {
  return {};
}

route row(method m, std::string pattern, accounting counted = accounting::service) {
  return {m, std::move(pattern), server::plain_handler(nothing), 200, counted};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_route)

BOOST_AUTO_TEST_CASE(rows_of_one_pattern_are_one_resource) {
  route_table const table(
      {row(method::get, "/a"), row(method::post, "/a"), row(method::put, "/b/{x}")});
  BOOST_TEST(table.resources().size() == 2U);
  BOOST_TEST(table.resources()[0].allow == "GET, HEAD, POST, OPTIONS");
  BOOST_TEST(table.resources()[1].allow == "PUT, OPTIONS");
  http::path_parameters values;
  auto const found = table.match("/b/7", values);
  BOOST_REQUIRE(found == 1U);
  BOOST_TEST(values.values[0] == "7");
  BOOST_TEST(table.match("/c", values) == route_table::not_found);
}

BOOST_AUTO_TEST_CASE(head_is_answered_by_get_unless_it_has_a_row) {
  route_table const table(
      {row(method::get, "/a"), row(method::get, "/b"), row(method::head, "/b")});
  auto const at = [&](std::size_t r, method m) {
    return table.resources()[r].rows[static_cast<std::size_t>(m)];
  };
  BOOST_TEST(at(0, method::head) == at(0, method::get));
  BOOST_TEST(at(1, method::head) != at(1, method::get));
  BOOST_TEST(at(0, method::post) == nullptr);
}

BOOST_AUTO_TEST_CASE(bad_tables_are_refused) {
  std::vector<std::vector<route>> const bad = {
      {row(method::get, "/a"), row(method::get, "/a")},
      {row(method::get, "/a"), row(method::post, "/a", accounting::internal)},
      {row(method::get, "a")},
      {row(method::get, "/{x}"), row(method::post, "/{y}")},
      {row(method::get, "/{x")},
  };
  for (auto const &rows : bad)
    BOOST_CHECK_THROW(route_table{rows}, std::invalid_argument);
  BOOST_CHECK_EXCEPTION(route_table{bad[0]}, std::invalid_argument, [](auto const &e) {
    return std::string(e.what()) == "route GET /a stands twice";
  });
}

BOOST_AUTO_TEST_SUITE_END()
