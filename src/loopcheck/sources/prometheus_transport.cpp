// SPDX-License-Identifier: Apache-2.0
// The two ways to a Prometheus, and what each failure on them means.
#include <array>
#include <utility>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopmeter/base/file.hpp>

#include "http_client.hpp"
#include "prometheus_api.hpp"

namespace loopcheck {

namespace {

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      result += i + j <= bytes.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return result;
}

access_failure refused(http_answer const &answer, std::string const &name,
                       std::string const &path) {
  auto const status = answer.status;
  auto const say = [&](access_error kind, std::string const &what) {
    return access_failure{kind, name + path.substr(0, path.find('?')) + ": " + what, status};
  };
  if (status == 401) return say(access_error::unauthorized, "it demands another login (401)");
  if (status == 403) return say(access_error::forbidden, "it refuses this login (403)");
  if (status >= 300 && status < 400)
    return say(access_error::refused, "it redirects to " + answer.location + ", as login pages do");
  std::string words;
  try {
    words = parse_json(answer.body, name)["error"].text_or("");
  } catch (input_error const &) {
    // Not Prometheus, or a proxy before it.
  }
  if (words.find("unavailable with Prometheus Agent") != words.npos)
    return say(access_error::agent, "it runs in agent mode and answers no queries");
  if (words.empty()) words = "HTTP status " + std::to_string(status);
  if (status == 404) return say(access_error::not_found, words + ": is the path prefix right?");
  return say(status < 500 ? access_error::refused : access_error::server_error, words);
}

class by_url final : public prometheus_api::transport {
 public:
  by_url(url at, prometheus_login login, std::chrono::milliseconds timeout)
      : at_(std::move(at)), login_(std::move(login)), timeout_(timeout) {
    if (at_.user.empty() && at_.password.empty()) return;
    login_.user = at_.user;
    login_.password = at_.password;
    login_.bearer.clear();
    login_.bearer_file.clear();
  }

  outcome<std::string> get(std::string const &path) override {
    http_request request;
    request.tls = at_.tls;
    request.host = at_.host;
    request.port = at_.port;
    request.target = at_.path + path;
    request.ca_file = login_.ca_file;
    request.insecure = login_.insecure;
    request.timeout = timeout_;
    if (!login_.bearer_file.empty()) {
      auto token = loopmeter::read_file(login_.bearer_file);
      if (!token)
        return access_failure{access_error::bad_configuration,
                              login_.bearer_file + " cannot be read"};
      request.headers = {{"Authorization", "Bearer " + trimmed(std::move(*token))}};
    } else if (!login_.bearer.empty()) {
      request.headers = {{"Authorization", "Bearer " + login_.bearer}};
    } else if (!login_.user.empty() || !login_.password.empty()) {
      request.headers = {{"Authorization", "Basic " + base64(login_.user + ":" + login_.password)}};
    }
    auto answer = http_get(request);
    if (!answer) return answer.why();
    if (answer->status == 200) return std::move(answer->body);
    return refused(*answer, at_.text(), path);
  }

 private:
  url at_;
  prometheus_login login_;
  std::chrono::milliseconds timeout_;
};

class by_proxy final : public prometheus_api::transport {
 public:
  by_proxy(cluster &through, proxied_port to, std::string prefix)
      : through_(through), to_(std::move(to)), prefix_(std::move(prefix)) {}

  outcome<std::string> get(std::string const &path) override {
    return through_.get(proxy_path(to_, prefix_ + path));
  }

 private:
  cluster &through_;
  proxied_port to_;
  std::string prefix_;
};

}  // namespace

prometheus_login prometheus_login::from_environment(
    std::function<char const *(char const *)> const &get) {
  auto const text = [&](char const *name) {
    char const *const found = get(name);
    return std::string(found == nullptr ? "" : found);
  };
  prometheus_login result;
  result.user = text("PROMETHEUS_USERNAME");
  result.password = text("PROMETHEUS_PASSWORD");
  result.bearer = text("PROMETHEUS_TOKEN");
  result.bearer_file = text("PROMETHEUS_TOKEN_FILE");
  result.ca_file = text("CURL_CA_BUNDLE");
  if (auto const file = text("PROMETHEUS_PASSWORD_FILE"); !file.empty()) {
    auto held = loopmeter::read_file(file);
    if (!held) throw input_error("PROMETHEUS_PASSWORD_FILE: " + file + " cannot be read");
    result.password = trimmed(std::move(*held));
  }
  if (!result.bearer_file.empty() && !loopmeter::read_file(result.bearer_file))
    throw input_error("PROMETHEUS_TOKEN_FILE: " + result.bearer_file + " cannot be read");
  return result;
}

prometheus_api::prometheus_api(url at, prometheus_login login, std::chrono::milliseconds timeout)
    : name_(at.text()),
      transport_(std::make_unique<by_url>(std::move(at), std::move(login), timeout)) {}

prometheus_api::prometheus_api(cluster &through, proxied_port to, std::string prefix)
    : name_("pod " + to.space + "/" + to.pod),
      transport_(std::make_unique<by_proxy>(through, std::move(to), std::move(prefix))) {}

prometheus_api::~prometheus_api() = default;
prometheus_api::prometheus_api(prometheus_api &&) noexcept = default;

}  // namespace loopcheck
