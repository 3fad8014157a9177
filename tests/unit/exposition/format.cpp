// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/format.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

namespace loopmeter::exposition {
namespace {

using enum protocol;

BOOST_AUTO_TEST_SUITE(formats)

BOOST_AUTO_TEST_CASE(content_types_are_exact) {
  BOOST_TEST(content_type({}) == "text/plain; version=0.0.4; charset=utf-8");
  BOOST_TEST(content_type({text_0_0_4, escaping::values}) ==
             "text/plain; version=0.0.4; charset=utf-8; escaping=values");
  BOOST_TEST(content_type({text_1_0_0, escaping::allow_utf_8}) ==
             "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  BOOST_TEST(content_type({openmetrics_0_0_1, escaping::underscores}) ==
             "application/openmetrics-text; version=0.0.1; charset=utf-8");
  BOOST_TEST(content_type({openmetrics_1_0_0, escaping::underscores}) ==
             "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores");
  BOOST_TEST(content_type({openmetrics_1_0_0, escaping::dots}) ==
             "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots");
  BOOST_TEST(content_type({protobuf, escaping::underscores}) ==
             "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited");
  BOOST_TEST(content_type({protobuf, escaping::allow_utf_8}) ==
             "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited; escaping=allow-utf-8");
}

BOOST_AUTO_TEST_CASE(no_content_type_promises_names_that_are_not_written) {
  std::set<std::string_view> seen;
  for (int p = 0; p <= static_cast<int>(protobuf); ++p) {
    for (int e = 0; e <= static_cast<int>(escaping::values); ++e) {
      format const one{static_cast<protocol>(p), static_cast<escaping>(e)};
      BOOST_TEST(content_type(one) == content_type({one.protocol, name_escaping(one)}));
      seen.insert(content_type(one));
    }
  }
  BOOST_TEST(seen.size() == 18U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
