// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/objects/value.hpp>

#include <boost/test/unit_test.hpp>

using loopcheck::value;

BOOST_AUTO_TEST_SUITE(loopcheck_value)

BOOST_AUTO_TEST_CASE(a_path_that_is_not_there_leads_to_null) {
  auto const made = value::map({{"spec", value::map({{"ports", value::list({value("a")})}}), {}}});
  BOOST_TEST(made["spec"]["ports"].item(0).text() == "a");
  BOOST_TEST(made["spec"]["ports"].item(1).is_null());
  BOOST_TEST(made["spec"]["selector"]["app"].is_null());
  BOOST_TEST(made["spec"]["ports"]["name"].is_null());
  BOOST_TEST(made["metadata"]["name"].text_or("none") == "none");
}

BOOST_AUTO_TEST_CASE(a_key_with_null_is_told_from_no_key) {
  auto const made = value::map({{"selector", value(), {}}});
  BOOST_TEST(made.has("selector"));
  BOOST_TEST(made["selector"].is_null());
  BOOST_TEST(!made.has("other"));
}

BOOST_AUTO_TEST_CASE(of_a_key_twice_the_last_one_counts) {
  auto made = value::map();
  made.add_entry({"a", value("first"), {}});
  made.add_entry({"a", value("second"), {}});
  BOOST_TEST(made["a"].text() == "second");
}

BOOST_AUTO_TEST_CASE(whole_numbers_only) {
  BOOST_TEST(value::number("8080").integer().value() == 8080);
  BOOST_TEST(value::number("-1").integer().value() == -1);
  BOOST_TEST(!value::number("1.5").integer().has_value());
  BOOST_TEST(!value::number("99999999999999999999").integer().has_value());
  BOOST_TEST(!value("8080").integer().has_value());
}

BOOST_AUTO_TEST_CASE(equal_whatever_the_order_of_keys_and_the_places) {
  auto a = value::map({{"x", value::number("1"), {3, 1}}, {"y", value("2"), {}}});
  auto const b = value::map({{"y", value("2"), {}}, {"x", value::number("1"), {}}});
  a.set_where({7, 7});
  BOOST_TEST((a == b));
  BOOST_TEST(!(value::number("1") == value("1")));
  auto const twice = value::map({{"a", value("0"), {}}, {"a", value("1"), {}}});
  BOOST_TEST((twice == twice));
  BOOST_TEST((twice == value::map({{"a", value("1"), {}}})));
  BOOST_TEST(!(twice == value::map({{"a", value("1"), {}}, {"b", value("1"), {}}})));
  BOOST_TEST(!(value::map({{"a", value("1"), {}}, {"b", value("1"), {}}}) == twice));
  BOOST_TEST(!(value::list({value("1"), value("2")}) == value::list({value("2"), value("1")})));
}

BOOST_AUTO_TEST_CASE(setting_replaces_and_erasing_removes) {
  value made;
  made.set("a", value("1"));
  made.set("a", value("2"));
  BOOST_TEST(made.size() == 1u);
  BOOST_TEST(made["a"].text() == "2");
  made.erase("a");
  BOOST_TEST(made.is_map());
  BOOST_TEST(made.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
