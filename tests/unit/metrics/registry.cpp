// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/registry.hpp>

#include "probe.hpp"

#include <limits>

namespace loopmeter::metrics {
namespace {

enum class method { get, head };

label_domain methods() {
  return {"method", {"GET", "HEAD"}};
}

// Checks the cause, and that the message says where to look.
template <class T>
void check_refused(result<T> const &refused, registration_errc code,
                   std::initializer_list<std::string_view> words) {
  BOOST_TEST_CONTEXT(name_of(code)) {
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(name_of(refused.error()) == name_of(code));
    for (std::string_view const word : words) {
      BOOST_TEST(refused.message().find(word) != std::string::npos,
                 '\'' << refused.message() << "' does not name " << word);
    }
  }
}

BOOST_AUTO_TEST_SUITE(registration)

BOOST_AUTO_TEST_CASE(a_result_is_a_value_or_says_why_not) {
  registry families;
  auto const good = families.add_counter({.name = "good_total"});
  BOOST_TEST(good.has_value());
  auto const bad = families.add_counter({.name = "bad total"});
  BOOST_TEST(!bad);
  BOOST_CHECK_EXCEPTION(static_cast<void>(bad.value()), registration_error, [&](auto const &e) {
    return e.code() == registration_errc::bad_metric_name && e.what() == bad.message();
  });
}

BOOST_AUTO_TEST_CASE(names_are_checked) {
  registry families;
  for (std::string_view const name : {"", "9x", "x-y", "x y", "ü"}) {
    check_refused(families.add_counter({.name = name}), registration_errc::bad_metric_name, {name});
  }
  auto const with_label = [&](std::string_view label) {
    return families.add_counter<method>({.name = "x_total"}, label_domain{label, {"GET", "HEAD"}});
  };
  check_refused(with_label("a:b"), registration_errc::bad_label_name, {"x_total", "a:b"});
  check_refused(with_label(""), registration_errc::bad_label_name, {"x_total"});
  check_refused(with_label("__name__"), registration_errc::reserved_label, {"x_total", "__name__"});
  check_refused(with_label("pod"), registration_errc::reserved_label,
                {"x_total", "pod", "exported_pod"});
  BOOST_TEST(families
                 .add_counter<method>({.name = "x_total", .allow_target_labels = true},
                                      label_domain{"pod", {"a", "b"}})
                 .has_value());
}

BOOST_AUTO_TEST_CASE(a_histogram_keeps_le_for_itself) {
  registry families;
  label_domain const le{"le", {"1", "2"}};
  check_refused(families.add_histogram<method>({.name = "x"}, le),
                registration_errc::reserved_label, {"x", "le"});
  BOOST_TEST(families.add_counter<method>({.name = "y_total"}, le).has_value());
}

BOOST_AUTO_TEST_CASE(labels_and_values_occur_once) {
  registry families;
  check_refused(families.add_counter<method, method>({.name = "x_total"}, methods(), methods()),
                registration_errc::duplicate_label, {"x_total", "method"});
  check_refused(
      families.add_counter<method>({.name = "x_total"}, label_domain{"m", {"GET", "b", "GET"}}),
      registration_errc::duplicate_value, {"x_total", "'m'", "GET"});
  check_refused(families.add_counter<method>({.name = "x_total"},
                                             label_domain{"m", std::vector<std::string>{}}),
                registration_errc::empty_domain, {"x_total", "'m'"});
}

BOOST_AUTO_TEST_CASE(texts_are_utf8) {
  registry families;
  check_refused(families.add_counter<method>({.name = "x_total"}, label_domain{"m", {"\xff", "b"}}),
                registration_errc::invalid_utf8, {"x_total", "'m'"});
  check_refused(families.add_gauge({.name = "x", .help = "\xc0\x80"}),
                registration_errc::invalid_utf8, {"x", "help"});
  check_refused(families.add_info({.name = "x_info"}, {{.name = "a", .value = "\x80"}}),
                registration_errc::invalid_utf8, {"x_info", "'a'"});
}

BOOST_AUTO_TEST_CASE(bounds_rise) {
  registry families;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> const bad{{1, 1},
                                             {2, 1},
                                             {infinity},
                                             {-infinity, 1},
                                             {std::numeric_limits<double>::quiet_NaN()},
                                             {0.0, -0.0},
                                             linear_bounds(0, 1, histogram_bounds_max + 1)};
  for (auto const &bounds : bad) {
    check_refused(families.add_histogram({.name = "x", .bounds = bounds}),
                  registration_errc::bad_bounds, {"x"});
  }
  BOOST_TEST(families.add_histogram({.name = "x"}).has_value());
  BOOST_TEST(
      families.add_histogram({.name = "y", .bounds = linear_bounds(0, 1, histogram_bounds_max)})
          .has_value());
}

BOOST_AUTO_TEST_CASE(the_same_shape_is_the_same_family) {
  registry families;
  auto const again = [&] {
    families.add_counter<method>({.name = "x_total", .help = "h"}, methods())
        .value()
        .at(method::head)
        .inc();
    families.add_histogram({.name = "y", .bounds = {1, 2}}).value().observe(1);
    families.add_info({.name = "z_info"}, {{.name = "a", .value = "b"}}).value();
  };
  again();
  std::size_t const cells = usage().cells_used;
  again();
  auto const now = gather(families);
  BOOST_TEST(test::number_of(now, "x_total", 1) == 2U);
  BOOST_TEST(test::number_of(now, "y", 0, 4) == 2U);
  BOOST_TEST(test::number_of(now, "z_info") == 1U);
  BOOST_TEST(usage().cells_used == cells);
}

BOOST_AUTO_TEST_CASE(another_shape_is_a_conflict) {
  registry families;
  families.add_counter<method>({.name = "x", .help = "h"}, methods()).value();
  families.add_histogram({.name = "y", .bounds = {1, 2}}).value();
  auto const conflict = registration_errc::shape_conflict;
  check_refused(families.add_counter({.name = "x", .help = "h"}), conflict, {"'x'"});
  check_refused(families.add_counter<method>({.name = "x", .help = "other"}, methods()), conflict,
                {});
  check_refused(families.add_gauge<method>({.name = "x", .help = "h"}, methods()), conflict, {});
  check_refused(families.add_float_counter<method>({.name = "x", .help = "h"}, methods()), conflict,
                {});
  check_refused(families.add_counter<method>({.name = "x", .help = "h"},
                                             label_domain{"method", {"HEAD", "GET"}}),
                conflict, {});
  check_refused(families.add_counter<method>({.name = "x", .help = "h"},
                                             label_domain{"verb", {"GET", "HEAD"}}),
                conflict, {});
  check_refused(families.add_histogram({.name = "y", .bounds = {1, 3}}), conflict, {"'y'"});
}

BOOST_AUTO_TEST_CASE(no_two_families_share_a_series_name) {
  registry families;
  families.add_histogram({.name = "x", .bounds = {1}}).value();
  families.add_counter({.name = "y_count"}).value();
  for (std::string_view const name : {"x_bucket", "x_sum", "x_count"}) {
    check_refused(families.add_counter({.name = name}), registration_errc::name_clash,
                  {name, "'x'"});
  }
  check_refused(families.add_histogram({.name = "y"}), registration_errc::name_clash, {"y_count"});
  BOOST_TEST(families.add_counter({.name = "x_total"}).has_value());
}

BOOST_AUTO_TEST_CASE(a_refused_family_leaves_nothing_behind) {
  registry families{{.self_metrics = false}};
  std::size_t const cells = usage().cells_used;
  BOOST_TEST(!families.add_counter<method>({.name = "x_total"}, label_domain{"pod", {"a"}}));
  BOOST_TEST(usage().cells_used == cells);
  BOOST_TEST(gather(families).layout->families.empty());
  BOOST_TEST(families.add_gauge({.name = "x_total"}).has_value());
}

BOOST_AUTO_TEST_CASE(handles_outlive_their_registry) {
  counter events;
  gauge value;
  histogram sizes;
  {
    registry families;
    events = families.add_counter({.name = "events_total"}).value();
    value = families.add_gauge({.name = "value"}).value();
    sizes = families.add_histogram({.name = "sizes", .bounds = {1}}).value();
  }
  events.inc();
  value.set(1);
  sizes.observe(1);
  BOOST_TEST(usage().cells_used > 0U);  // and nothing was written to memory that is gone
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::metrics
