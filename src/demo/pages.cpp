// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <boost/version.hpp>

#include "version.hpp"

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
  json += program_version;
  json += R"(","revision":")";
  json += program_revision;
  json += R"(","branch":")";
  json += program_branch;
  json += R"(","compiler":")";
  json += program_compiler;
  json += "\"}\n";
  return json;
}

std::string make_index() {
  std::string text = "demo-cpp ";
  text += program_version;
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
  text += program_version;
  text += std::string(" (branch: ") + program_branch + ", revision: " + program_revision + ")\n";
  text += std::string("  build:    ") + program_compiler + ", C++20, Boost " BOOST_LIB_VERSION "\n";
  text += std::string("  platform: linux/") + architecture + "\n";
  return text;
}

}  // namespace demo
