// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <boost/version.hpp>

#include "program_version.hpp"

namespace demo {

namespace http = loopmeter::http;
using loopmeter::server::exchange;

namespace {

constexpr char const *architecture =
#if defined(__x86_64__)
    "amd64";
#elif defined(__aarch64__)
    "arm64";
#else
    "unknown";
#endif

std::string make_version_json() {
  std::string json = R"({"name":"demo-cpp","version":")";
  json += program::version;
  json += R"(","revision":")";
  json += program::revision;
  json += R"(","branch":")";
  json += program::branch;
  json += R"(","compiler":")";
  json += program::compiler;
  json += "\"}\n";
  return json;
}

std::string make_index() {
  std::string text = "demo-cpp ";
  text += program::version;
  text += R"(

GET  /hello          answers after 0 to 99 ms
POST /echo           answers with what it is sent, however large, while it is sent
GET  /status/{code}  answers with that status, 200 to 599
GET  /delay/{ms}     answers after so many milliseconds
GET  /bytes/{n}      answers with n octets
GET  /stream         answers in pieces: ?bytes=N&chunk=N&pause_ms=N
GET  /version        this program, as JSON
GET  /metrics        for Prometheus
GET  /-/scrapes      who asked for them last, and how that went
GET  /livez /readyz  for the kubelet; /healthz is /livez
)";
  return text;
}

}  // namespace

http::response index(exchange &) {
  static std::string const text = make_index();
  return http::text(text);
}

http::response version(exchange &) {
  static std::string const json = make_version_json();
  auto answer = http::text(json);
  answer.content_type = http::application_json;
  return answer;
}

std::string version_text() {
  std::string text = "demo-cpp, version ";
  text += program::version;
  text += std::string(" (branch: ") + program::branch + ", revision: " + program::revision + ")\n";
  text +=
      std::string("  build:    ") + program::compiler + ", C++20, Boost " BOOST_LIB_VERSION "\n";
  text += std::string("  platform: linux/") + architecture + "\n";
  return text;
}

}  // namespace demo
