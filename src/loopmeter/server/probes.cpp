// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/probes.hpp>

#include <string>

namespace loopmeter::server {

namespace {

http::response liveness(lifecycle const &life) {
  auto const stalled = life.hearts().stalled();
  if (!stalled) return http::text("ok\n");
  return http::text_owned("worker " + std::to_string(*stalled) + " is stalled\n", 503);
}

http::response readiness(lifecycle const &life, exchange const &x) {
  std::uint16_t const status = life.ready() ? 200 : 503;
  if (x.query() != "verbose") return http::text(life.ready() ? "ok\n" : "not ready\n", status);
  std::string body = R"({"ready":)";
  body += life.ready() ? "true" : "false";
  body += R"(,"phase":")" + std::string(name_of(life.phase())) + "\"}\n";
  auto answer = http::text_owned(std::move(body), status);
  answer.content_type = http::application_json;
  return answer;
}

}  // namespace

std::vector<route> probe_routes(lifecycle const &life) {
  auto const get = http::method::get;
  auto const internal = accounting::internal;
  auto const live = [&life](exchange &) { return liveness(life); };
  return {
      {get, "/livez", live, 200, internal},
      {get, "/healthz", live, 200, internal},
      {get, "/readyz", [&life](exchange &x) { return readiness(life, x); }, 200, internal},
  };
}

}  // namespace loopmeter::server
