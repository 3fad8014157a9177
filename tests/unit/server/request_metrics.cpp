// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/request_metrics.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>

using namespace loopmeter;
using http::method;
using server::accounting;
using namespace std::chrono_literals;

namespace {

http::response nothing(server::exchange &) {
  return {};
}
server::plain_handler const plain = nothing;

struct measured {
  metrics::registry registry;
  server::route_table table{{
      {method::get, "/{a}/{b}", plain, 200, accounting::service},
      {method::post, "/made/{b}", plain, 201, accounting::service},
      {method::get, "/livez", plain, 200, accounting::internal},
  }};
  server::request_metrics requests{registry, "test", table};

  std::string text() const {
    std::string out = "\n";
    exposition::encode_text(metrics::gather(registry), out);
    return out;
  }
  bool has(std::string const &line) const {
    return text().find('\n' + line + '\n') != std::string::npos;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(server_request_metrics)

BOOST_FIXTURE_TEST_CASE(what_can_be_foreseen_is_exposed_as_0, measured) {
  BOOST_TEST(has("test_http_requests_total{path=\"/{a}/{b}\",method=\"GET\",code=\"200\"} 0"));
  BOOST_TEST(has("test_http_requests_total{path=\"/made/{b}\",method=\"POST\",code=\"201\"} 0"));
  BOOST_TEST(has("loopmeter_http_requests_total{path=\"/livez\",method=\"GET\",code=\"200\"} 0"));
  BOOST_TEST(has("test_http_request_duration_seconds_count{path=\"/made/{b}\",method=\"POST\"} 0"));
  BOOST_TEST(text().find("method=\"HEAD\"") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(each_request_is_counted_in_the_family_of_its_resource, measured) {
  requests.record(0, method::get, 200, 20ms);
  requests.record(0, method::head, 499, 20ms);
  requests.record(2, method::get, 503, 1ms);
  requests.record(server::route_table::not_found, method::other, 404, 0ms);
  BOOST_TEST(has("test_http_requests_total{path=\"/{a}/{b}\",method=\"GET\",code=\"200\"} 1"));
  BOOST_TEST(has("test_http_requests_total{path=\"/{a}/{b}\",method=\"HEAD\",code=\"499\"} 1"));
  BOOST_TEST(has("test_http_requests_total{path=\"other\",method=\"other\",code=\"404\"} 1"));
  BOOST_TEST(has("loopmeter_http_requests_total{path=\"/livez\",method=\"GET\",code=\"503\"} 1"));
  BOOST_TEST(has(
      "test_http_request_duration_seconds_bucket{path=\"/{a}/{b}\",method=\"GET\",le=\"0.01\"} 0"));
  BOOST_TEST(
      has("test_http_request_duration_seconds_bucket{path=\"/{a}/"
          "{b}\",method=\"GET\",le=\"0.025\"} 1"));
}

BOOST_FIXTURE_TEST_CASE(a_trace_is_left_with_the_requests_of_the_service_only, measured) {
  metrics::trace_context trace{.trace_id = {1}, .span_id = {2}, .sampled = true};
  requests.record(0, method::get, 200, 20ms, &trace);
  requests.record(2, method::get, 200, 20ms, &trace);
  std::string out;
  exposition::encoder encoder;
  encoder.encode(metrics::gather(registry),
                 {exposition::protocol::openmetrics_1_0_0, exposition::escaping::underscores}, out);
  auto const line = out.substr(out.find("test_http_requests_total{path=\"/{a}/{b}\""));
  BOOST_TEST(line.starts_with(
      "test_http_requests_total{path=\"/{a}/{b}\",method=\"GET\",code=\"200\"} 1 # "
      "{trace_id=\"01000000000000000000000000000000\",span_id=\"0200000000000000\"} 1 "));
  std::size_t traces = 0;
  for (auto at = out.find("trace_id"); at != std::string::npos; at = out.find("trace_id", at + 1))
    ++traces;
  BOOST_TEST(traces == 2U);  // and of its durations
}

BOOST_AUTO_TEST_CASE(connection_metrics_begin_at_0) {
  metrics::registry registry;
  server::connection_metrics const connections(registry);
  std::string text = "\n";
  exposition::encode_text(metrics::gather(registry), text);
  for (auto const *reason : {"descriptors", "memory", "aborted", "other"}) {
    auto const line =
        "\nloopmeter_http_accept_errors_total{reason=\"" + std::string(reason) + "\"} 0\n";
    BOOST_TEST(text.find(line) != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
