// SPDX-License-Identifier: Apache-2.0
#include <loopcheck/sources/generated_configuration.hpp>

#include <boost/test/unit_test.hpp>

namespace loopcheck {
namespace {

BOOST_AUTO_TEST_SUITE(sources_generated_configuration)

// printf '…' | gzip -n | base64 -w0 of the text in the test below.
constexpr std::string_view packed =
    "H4sIAAAAAAAAA12OMQ6DMAxF95zCF6hAZcsdeobIBBdSQYxspwyod28oXdrFw9N//3ucucfZOwCNgiuF"
    "lI3kWRF0rbovjJzvaVTvLvDgPmRcyIPWXIp045yMpRlo4fO0ta1HTTFgsenoBig1fWoLfcCKqhvL4GEq"
    "x+TVSXWNwibJ6FgqUp+YzFbfNPhbCfu/3r3cG+e8/EHLAAAA";

BOOST_AUTO_TEST_CASE(base64) {
  BOOST_TEST(from_base64("") == "");
  BOOST_TEST(from_base64("YQ==") == "a");
  BOOST_TEST(from_base64("YWI=") == "ab");
  BOOST_TEST(from_base64("YWJj") == "abc");
  BOOST_TEST(from_base64("YWJ") == "");
  BOOST_TEST(from_base64("????") == "");
}

BOOST_AUTO_TEST_CASE(unpacked_in_bounds) {
  auto const bytes = from_base64(packed);
  auto const whole = gunzip(bytes, 1'000);
  BOOST_REQUIRE(static_cast<bool>(whole));
  BOOST_TEST(whole->starts_with("global:"));
  BOOST_TEST(text(gunzip(bytes, 20).why().kind) == "too_large");
  BOOST_TEST(text(gunzip(std::string_view(bytes).substr(0, 30), 1'000).why().kind) == "bad_answer");
  BOOST_TEST(text(gunzip("not gzip", 1'000).why().kind) == "bad_answer");
  BOOST_TEST(text(gunzip("", 1'000).why().kind) == "bad_answer");
}

BOOST_AUTO_TEST_CASE(what_is_kept) {
  auto const got = read_configuration_secret(
      R"({"data":{"prometheus.yaml.gz":")" + std::string(packed) + R"("}})", "prometheus-k8s");
  BOOST_REQUIRE(static_cast<bool>(got));
  auto const &job = (*got)["scrape_configs"].item(0);
  BOOST_TEST(job["job_name"].text() == "serviceMonitor/demo/demo/0");
  BOOST_TEST(job["basic_auth"]["username"].text() == "me");
  BOOST_TEST(job["basic_auth"]["password"].text() == "<secret>");
  BOOST_TEST(!got->has("remote_write"));
  for (char const *json : {"", "{}", R"({"data":{"prometheus.yaml.gz":"AAAA"}})"})
    BOOST_TEST(text(read_configuration_secret(json, "s").why().kind) == "bad_answer");
}

BOOST_AUTO_TEST_CASE(names) {
  BOOST_TEST(configuration_secret_of({"Prometheus", "m", "k8s"}) == "prometheus-k8s");
  BOOST_TEST(configuration_secret_of({"PrometheusAgent", "m", "k8s"}) == "prom-agent-k8s");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace loopcheck
