// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/labels.hpp>

#include <boost/test/unit_test.hpp>

#include <array>

namespace loopmeter::metrics {
namespace {

using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(labels)

BOOST_AUTO_TEST_CASE(names) {
  for (auto const name : {"a"sv, "_"sv, "Z9"sv, "http_requests_total"sv, "__x"sv}) {
    BOOST_TEST(is_label_name(name), name);
    BOOST_TEST(is_metric_name(name), name);
  }
  for (auto const name : {""sv, "9a"sv, "a-b"sv, "a b"sv, "a.b"sv, "ä"sv, "a\0"sv, "a\n"sv}) {
    BOOST_TEST(!is_label_name(name), name);
    BOOST_TEST(!is_metric_name(name), name);
  }
  BOOST_TEST(is_metric_name("job:rate:5m"));
  BOOST_TEST(!is_label_name("a:b"));
}

BOOST_AUTO_TEST_CASE(utf8) {
  for (auto const text : {""sv, "\0\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
                          "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv,
                          "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "größe €"sv}) {
    BOOST_TEST(is_utf8(text), text);
  }
  for (auto const text :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2\x41"sv, "\xe0\x9f\xbf"sv,
        "\xe2\x82"sv, "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
        "\xf5\x80\x80\x80"sv, "\xff"sv, "a\xfe"sv, "\xe2\x82\xacx\xe2\x28\xa1"sv}) {
    BOOST_TEST(!is_utf8(text));
  }
}

BOOST_AUTO_TEST_CASE(target_labels) {
  for (auto const name : {"job"sv, "instance"sv, "namespace"sv, "service"sv, "pod"sv, "container"sv,
                          "endpoint"sv, "node"sv}) {
    BOOST_TEST(is_target_label(name), name);
  }
  BOOST_TEST(!is_target_label("path"));
  BOOST_TEST(!is_target_label("jobs"));
}

enum class color { red, green };
struct route {
  std::uint16_t index;
};
constexpr std::size_t label_index(route value) {
  return value.index;
}
struct no_label {};

static_assert(label_type<color> && label_type<route> && !label_type<no_label> && !label_type<int>);
static_assert(label_index(route{3}) == 3);

BOOST_AUTO_TEST_CASE(domains_come_from_any_range) {
  std::array<std::string_view, 2> const views{"a", "b"};
  std::vector<std::string> const strings{"a", "b"};
  label_domain const from_list{"x", {"a", "b"}};
  BOOST_TEST((label_domain{"x", views} == from_list));
  BOOST_TEST((label_domain{"x", strings} == from_list));
  BOOST_TEST((label_domain{"x", {"a", "c"}} != from_list));
  BOOST_TEST(metrics::label_index(color::green) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
