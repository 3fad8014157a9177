// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/negotiate.hpp>

#include <boost/test/unit_test.hpp>

#include <counted_new.hpp>

#include <string>
#include <vector>

namespace loopmeter::exposition {
namespace {

using enum protocol;

constexpr std::string_view protobuf_range =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

struct negotiation {
  std::string accept;
  format expected;
};

void check(std::vector<negotiation> const &table) {
  for (auto const &[accept, expected] : table) {
    format const agreed = negotiate(accept);
    BOOST_TEST(content_type(agreed) == content_type(expected), accept);
  }
}

BOOST_AUTO_TEST_SUITE(negotiation_of_formats)

BOOST_AUTO_TEST_CASE(what_prometheus_sends) {
  check({
      {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
       "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       {openmetrics_1_0_0, escaping::underscores}},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
       "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       {openmetrics_1_0_0, escaping::allow_utf_8}},
      {std::string{protobuf_range} +
           ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
           "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
           "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
       {protobuf, escaping::underscores}},
      {"text/plain;version=0.0.4;q=0.3,*/*;q=0.2", {text_0_0_4, escaping::underscores}},
      {"text/plain;version=1.0.0;escaping=dots;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       {text_1_0_0, escaping::dots}},
  });
}

BOOST_AUTO_TEST_CASE(what_others_send) {
  check({
      {"", {}},
      {"*/*", {}},
      {"*; q=.2, */*; q=.2", {}},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", {}},
      {"text/plain", {}},
      {"text/*", {}},
      {"application/*", {openmetrics_1_0_0, escaping::underscores}},
      {"application/json", {}},
      {"application/openmetrics-text", {openmetrics_0_0_1, escaping::underscores}},
      {"application/openmetrics-text; version=1.0.0; charset=utf-8",
       {openmetrics_1_0_0, escaping::underscores}},
      {"application/openmetrics-text;version=2.0.0", {}},
      {"text/plain;version=0.0.5", {}},
      {"application/vnd.google.protobuf", {}},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", {}},
      {"application/vnd.google.protobuf;proto=other;encoding=delimited", {}},
      {"application/vnd.google.protobuf ; encoding=delimited ; "
       "proto=\"io.prometheus.client.MetricFamily\"",
       {protobuf, escaping::underscores}},
      {"Application/OpenMetrics-Text;Version=1.0.0;Escaping=values;Q=0.5",
       {openmetrics_1_0_0, escaping::values}},
  });
}

BOOST_AUTO_TEST_CASE(weights_and_their_ties) {
  check({
      {"text/plain;version=0.0.4;q=0.1,application/openmetrics-text;version=1.0.0;q=0.2",
       {openmetrics_1_0_0, escaping::underscores}},
      {"text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0", {}},
      {"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4",
       {openmetrics_1_0_0, escaping::underscores}},
      {"*/*,application/openmetrics-text;version=1.0.0",
       {openmetrics_1_0_0, escaping::underscores}},
      {"application/openmetrics-text;version=1.0.0;q=0,*/*;q=0.1", {}},
      {"application/openmetrics-text;version=1.0.0;q=0.000,text/plain;version=1.0.0;q=0.001",
       {text_1_0_0, escaping::underscores}},
      {"text/plain;version=0.0.4;q=0,*/*", {text_1_0_0, escaping::underscores}},
      {"text/*;q=0,*/*;q=0.5", {openmetrics_1_0_0, escaping::underscores}},
      {"*/*;q=0", {}},
      {std::string{protobuf_range} + ";q=0.0001,text/plain;q=0", {protobuf, escaping::underscores}},
      {"text/plain;version=1.0.0;escaping=dots;q=0.1,text/plain;version=1.0.0;escaping=values",
       {text_1_0_0, escaping::values}},
  });
}

BOOST_AUTO_TEST_CASE(utf8_names_only_where_the_version_has_them) {
  check({
      {"text/plain;version=0.0.4;escaping=allow-utf-8", {text_0_0_4, escaping::underscores}},
      {"text/plain;version=0.0.4;escaping=values", {text_0_0_4, escaping::values}},
      {"application/openmetrics-text;version=0.0.1;escaping=allow-utf-8",
       {openmetrics_0_0_1, escaping::underscores}},
      {"application/openmetrics-text;version=1.0.0;escaping=nonsense",
       {openmetrics_1_0_0, escaping::underscores}},
      {std::string{protobuf_range} + ";escaping=allow-utf-8", {protobuf, escaping::allow_utf_8}},
  });
}

BOOST_AUTO_TEST_CASE(hostile_fields) {
  std::string const good = ",application/openmetrics-text;version=1.0.0;q=0.2";
  format const openmetrics{openmetrics_1_0_0, escaping::underscores};
  for (std::string_view const bad : {"text/plain;q=2", "text/plain;q=-1", "text/plain;q=nan",
                                     "text/plain;q=", "text/plain;q=1.5", "text/plain;q=0.5.5",
                                     "text/plain;q=0x1", "text/plain;q=.", ",,,,", ";;;;", "=",
                                     ";=", "/", "text/plain;version=\"\\", "\xff\xfe", " \t "}) {
    bool const swallows = bad.find('"') != std::string_view::npos;
    BOOST_TEST((negotiate(std::string{bad} + good) == (swallows ? format{} : openmetrics)), bad);
  }
  BOOST_TEST((negotiate("text/plain;version=\"0.0.4\\\"," + good) == format{}));
  std::string many;
  for (int i = 0; i < 100'000; ++i)
    many += ",text/plain;version=0.0.4;q=0.1;a=\"b,c\"";
  many += good;
  std::uint64_t const before = ::test::allocations();
  format const agreed = negotiate(many);
  BOOST_TEST(::test::allocations() == before);
  BOOST_TEST((agreed == openmetrics));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(other_fields)

BOOST_AUTO_TEST_CASE(gzip_is_taken_where_it_is_liked) {
  for (std::string_view const yes :
       {"gzip", "GZIP", "x-gzip", "gzip, deflate, br", "*", "*;q=0.1", "identity;q=0, *",
        "gzip;q=1.0, identity;q=0.5", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*;q=0, gzip;q=0.1",
        "gzip;q=0.5,identity;q=0.5"}) {
    BOOST_TEST(accepts_gzip(yes), yes);
  }
  for (std::string_view const no :
       {"", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "identity;q=0", "br",
        "identity, gzip;q=0.5", "gzip;q=x", "gzi", "gzipp", "zstd"}) {
    BOOST_TEST(!accepts_gzip(no), no);
  }
}

BOOST_AUTO_TEST_CASE(timeouts) {
  using std::chrono::milliseconds;
  BOOST_TEST((scrape_timeout("10") == milliseconds{10'000}));
  BOOST_TEST((scrape_timeout(" 9.5 ") == milliseconds{9500}));
  BOOST_TEST((scrape_timeout("1e1") == milliseconds{10'000}));
  BOOST_TEST((scrape_timeout("0.0001") == milliseconds{1}));
  BOOST_TEST((scrape_timeout("1e300") == scrape_timeout_max));
  for (std::string_view const bad : {"", "0", "-0", "-1", "NaN", "nan", "inf", "-inf", "1e999",
                                     "10s", "1,5", "0x10", "ten", "1 2"}) {
    BOOST_TEST(!scrape_timeout(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::exposition
