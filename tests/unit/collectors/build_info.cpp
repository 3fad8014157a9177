// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/build_info.hpp>

#include <loopmeter/collectors/prometheus_cpp.hpp>
#include <loopmeter/exposition/encoder.hpp>

#include <exposition_checker.hpp>

#include <boost/test/unit_test.hpp>

namespace loopmeter::collectors {
namespace {

BOOST_AUTO_TEST_SUITE(build)

BOOST_AUTO_TEST_CASE(build_info_is_a_constant_1_with_labels) {
  auto const foreign = std::make_shared<prometheus::Registry>();
  build_info const build = this_build("1.2.3", "abcdef0", "main");
  register_build_info(*foreign, "demo_build_info", build);
  metrics::registry families;
  bridge(families, foreign);
  std::string text;
  exposition::encode_text(gather(families), text);
  auto const checked = test::check_exposition(text);
  BOOST_TEST(checked.findings_text() == "");
  BOOST_TEST(text.find("# HELP demo_build_info Build info (value is always 1).\n"
                       "# TYPE demo_build_info gauge\n") != std::string::npos);
  BOOST_TEST(checked
                 .value("demo_build_info", {{"version", "1.2.3"},
                                            {"revision", "abcdef0"},
                                            {"branch", "main"},
                                            {"compiler", build.compiler},
                                            {"cxx_standard", build.cxx_standard},
                                            {"arch", build.arch},
                                            {"boost", build.boost}})
                 .value_or(0) == 1);
}

BOOST_AUTO_TEST_CASE(either_registry_says_the_same) {
  build_info const build = this_build("1.2.3", "abcdef0", "a \"b\"");
  auto const foreign = std::make_shared<prometheus::Registry>();
  register_build_info(*foreign, "x_build_info", build);
  metrics::registry bridged{{.self_metrics = false}};
  bridge(bridged, foreign);
  metrics::registry own{{.self_metrics = false}};
  BOOST_TEST(add_build_info(own, "x_build_info", build).has_value());
  auto const samples = [](metrics::registry const &families) {
    std::string text;
    exposition::encode_text(gather(families), text);
    auto const checked = test::check_exposition(text);
    BOOST_TEST(checked.findings_text() == "", text);
    BOOST_REQUIRE(checked.families.size() == 1U);
    BOOST_REQUIRE(checked.families[0].samples.size() == 1U);
    return checked.families[0].samples[0].labels;
  };
  BOOST_TEST((samples(own) == samples(bridged)));
  BOOST_TEST(samples(own).size() == 7U);
}

BOOST_AUTO_TEST_CASE(this_build_knows_itself) {
  build_info const build = this_build("", "", "");
  BOOST_TEST((build.compiler.starts_with("gcc ") || build.compiler.starts_with("clang ")));
  BOOST_TEST(build.cxx_standard >= "202002");
  BOOST_TEST((build.arch == "amd64" || build.arch == "arm64"));
  BOOST_TEST(build.boost.starts_with("1."));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopmeter::collectors
