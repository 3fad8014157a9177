// SPDX-License-Identifier: Apache-2.0
#include "manifests.hpp"

#include <boost/test/unit_test.hpp>

using namespace loopcheck;

BOOST_AUTO_TEST_SUITE(loopcheck_operator_version)

BOOST_AUTO_TEST_CASE(read_as_the_operator_reads) {
  using numbers = version_number;
  BOOST_TEST((version_number::parse("v0.88.0") == numbers{0, 88, 0}));
  BOOST_TEST((version_number::parse("3") == numbers{3, 0, 0}));
  BOOST_TEST((version_number::parse(" 3.8 ") == numbers{3, 8, 0}));
  BOOST_TEST((version_number::parse("3.0.0-rc.1") < numbers{3, 0, 0}));
  BOOST_TEST((version_number::parse("3.0.0-rc.1") > numbers{2, 99, 9}));
  for (char const *bad : {"", "latest", "3.", "3.x", "1.2.3.4", "-1"}) {
    BOOST_TEST(!version_number::parse(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(what_runs_where_none_is_asked_for) {
  auto const none = test::object_of(test::yaml("{kind: Prometheus, spec: {}}"));
  BOOST_TEST(prometheus_version(none, {0, 88, 1})->text() == "3.9.1");
  BOOST_TEST(prometheus_version(none, {0, 93, 0})->text() == "3.13.1");
  BOOST_TEST(prometheus_version(none, {0, 60, 0})->text() == "2.50.0");
  auto const asked = test::object_of(test::yaml("{kind: Prometheus, spec: {version: v2.53.1}}"));
  BOOST_TEST(prometheus_version(asked, {0, 93, 0})->text() == "2.53.1");
}

BOOST_AUTO_TEST_SUITE_END()
