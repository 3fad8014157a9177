// SPDX-License-Identifier: Apache-2.0
#include "api_cluster.hpp"

#include <cstdlib>
#include <utility>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>
#include <loopmeter/base/file.hpp>

#include "http_client.hpp"

namespace loopcheck {

namespace {

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

access_error kind_of_status(int status) noexcept {
  switch (status) {
    case 401:
      return access_error::unauthorized;
    case 403:
      return access_error::forbidden;
    case 404:
      return access_error::not_found;
    case 410:
      return access_error::expired;
    case 504:
      return access_error::timed_out;
    default:
      return status < 500 ? access_error::refused : access_error::server_error;
  }
}

}  // namespace

outcome<api_options> api_options_of_this_pod() {
  // Read while there is one thread.
  char const *const host = std::getenv("KUBERNETES_SERVICE_HOST");
  char const *const port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr)
    return access_failure{access_error::bad_configuration,
                          "KUBERNETES_SERVICE_HOST is not set: this is not a Pod"};
  api_options options;
  options.host = host;
  options.port = port;
  return options;
}

access_failure read_api_failure(int status, std::string_view body, std::string_view path) {
  std::string words;
  try {
    auto const said = parse_json(body, path);
    words = said["message"].text_or(said["error"].text_or(""));  // a proxied Prometheus' own word
  } catch (input_error const &) {
    // Not a Status object: its status alone has to do.
  }
  if (words.empty()) words = "HTTP status " + std::to_string(status);
  return {kind_of_status(status), std::string(path) + ": " + words, status};
}

api_cluster::api_cluster(api_options options) : options_(std::move(options)) {}

outcome<std::string> api_cluster::get(std::string const &path) {
  auto const token_file = options_.folder + "/token";
  auto token = loopmeter::read_file(token_file);
  if (!token)
    return access_failure{access_error::bad_configuration, token_file + " cannot be read"};
  http_request request;
  request.tls = options_.tls;
  request.host = options_.host;
  request.port = options_.port;
  request.target = path;
  request.headers = {{"Authorization", "Bearer " + trimmed(std::move(*token))},
                     {"Accept", "application/json"}};
  request.ca_file = options_.folder + "/ca.crt";
  request.body_bytes_max = options_.answer_bytes_max;
  request.timeout = options_.timeout;
  auto answer = http_get(request);
  if (!answer) return answer.why();
  if (answer->status == 200) return std::move(answer->body);
  return read_api_failure(answer->status, answer->body, path.substr(0, path.find('?')));
}

outcome<std::vector<std::string>> api_cluster::secret_keys(std::string_view, std::string_view) {
  return access_failure{access_error::forbidden, "Secrets are not read from inside the cluster",
                        403};
}

std::string api_cluster::default_namespace() const {
  auto found = loopmeter::read_file(options_.folder + "/namespace");
  auto name = found ? trimmed(std::move(*found)) : std::string();
  return name.empty() ? "default" : name;
}

}  // namespace loopcheck
