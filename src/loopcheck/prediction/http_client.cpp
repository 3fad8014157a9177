// SPDX-License-Identifier: Apache-2.0
// Logins, TLS and proxies of an endpoint as the operator writes them. Contents of Secrets are never
// written, only that they are there.
#include <algorithm>

#include "operator_context.hpp"

namespace loopcheck {

namespace {

constexpr char const *hidden = "<secret>";
constexpr std::string_view certificates = "/etc/prometheus/certs/";

std::string text_of(value const &of) {
  return std::string(of.text());
}

std::string asset(operator_context const &of, bool secret, value const &reference) {
  return std::string(certificates) + (secret ? "0_" : "1_") + of.monitor.id.space + "_" +
         text_of(reference["name"]) + "_" + text_of(reference["key"]);
}

value tls_config(operator_context const &of, value const &tls, bool with_files) {
  auto result = value::map();
  if (auto const &skip = tls["insecureSkipVerify"]; is_set(skip)) {
    result.set("insecure_skip_verify", skip);
  }
  auto file = [&](char const *to, value const &reference, char const *written) {
    if (is_set(reference["secret"])) {
      result.set(to, asset(of, true, reference["secret"]));
    } else if (is_set(reference["configMap"])) {
      result.set(to, asset(of, false, reference["configMap"]));
    }
    if (with_files && !tls[written].text().empty()) {
      result.set(to, text_of(tls[written]));
    }
  };
  file("ca_file", tls["ca"], "caFile");
  file("cert_file", tls["cert"], "certFile");
  auto key = value::map();
  key.set("secret", tls["keySecret"]);
  file("key_file", key, "keyFile");
  if (!tls["serverName"].text().empty()) {
    result.set("server_name", tls["serverName"]);
  }
  if (is_set(tls["minVersion"]) && of.since(2, 35)) {
    result.set("min_version", tls["minVersion"]);
  }
  if (is_set(tls["maxVersion"]) && of.since(2, 41)) {
    result.set("max_version", tls["maxVersion"]);
  }
  return result;
}

/// A PodMonitor's section that says nothing counts as none; a ServiceMonitor's as one.
bool says_something(operator_context const &of, value const &section,
                    std::initializer_list<char const *> fields) {
  return is_set(section) &&
         (of.of_services() || std::any_of(fields.begin(), fields.end(), [&](char const *one) {
            auto const &held = section[one];
            return held.is_map() ? refers(held) || held.has("key") || held.has("name")
                                 : is_set(held);
          }));
}

void add_tls(operator_context const &of, value const &endpoint, value &to) {
  auto const &own = endpoint["tlsConfig"];
  auto const &shared = of.scrape_class["tlsConfig"];
  if (!says_something(of, own,
                      {"ca", "cert", "keySecret", "serverName", "insecureSkipVerify", "minVersion",
                       "maxVersion"})) {
    if (is_set(shared)) {
      to.set("tls_config", tls_config(of, shared, true));
    }
    return;
  }
  auto result = tls_config(of, own, of.of_services());
  auto inherit = [&](char const *name, char const *from) {  // only files are inherited
    if (!result.has(name) && !shared[from].text().empty()) {
      result.set(name, text_of(shared[from]));
    }
  };
  inherit("ca_file", "caFile");
  inherit("cert_file", "certFile");
  inherit("key_file", "keyFile");
  to.set("tls_config", std::move(result));
}

void add_proxy(operator_context const &of, value const &from, value &to) {
  if (is_set(from["proxyUrl"])) {
    to.set("proxy_url", text_of(from["proxyUrl"]));
  }
  if (!of.since(2, 43)) {
    return;
  }
  if (is_set(from["noProxy"])) {
    to.set("no_proxy", text_of(from["noProxy"]));
  }
  if (is_set(from["proxyFromEnvironment"])) {
    to.set("proxy_from_environment", from["proxyFromEnvironment"]);
  }
  if (auto const &headers = from["proxyConnectHeader"]; is_set(headers)) {
    auto written = value::map();
    for (auto const &one : headers.entries()) {
      auto texts = value::list();
      for (std::size_t i = 0; i < one.held.items().size(); ++i) {
        texts.push(hidden);
      }
      written.set(one.key, std::move(texts));
    }
    to.set("proxy_connect_header", std::move(written));
  }
}

void add_oauth2(operator_context const &of, value const &from, value &to) {
  if (from.is_null() || !of.since(2, 27)) {
    return;
  }
  auto result = value::map();
  result.set("client_id", hidden);
  result.set("client_secret", hidden);
  result.set("token_url", text_of(from["tokenUrl"]));
  if (!from["scopes"].items().empty()) {
    result.set("scopes", from["scopes"]);
  }
  if (!from["endpointParams"].entries().empty()) {
    result.set("endpoint_params", from["endpointParams"]);
  }
  if (of.since(2, 43)) {
    add_proxy(of, from, result);
    if (is_set(from["tlsConfig"])) {
      result.set("tls_config", tls_config(of, from["tlsConfig"], false));
    }
  }
  to.set("oauth2", std::move(result));
}

/// The credentials of a scrape class are looked up where nobody put them, so that only a file of
/// them arrives.
void add_authorization(operator_context const &of, value const &own, value const &shared,
                       value &to) {
  bool const has_own = is_set(own) && (!own["type"].text().empty() || is_set(own["credentials"]));
  if ((!has_own && shared.is_null()) || !of.since(2, 26)) {
    return;
  }
  auto const &login = has_own ? own : shared;
  auto result = value::map();
  auto type = text_of(login["type"]);
  type = type.empty() ? "Bearer" : type.substr(0, type.find_last_not_of(" \t\r\n") + 1);
  type.erase(0, std::min(type.size(), type.find_first_not_of(" \t\r\n")));
  result.set("type", std::move(type));
  if (is_set(own["credentials"])) {
    result.set("credentials", hidden);
  } else if (!shared["credentialsFile"].text().empty()) {
    result.set("credentials_file", text_of(shared["credentialsFile"]));
  }
  to.set("authorization", std::move(result));
}

void add_basic_auth(value const &from, value &to) {
  if (is_set(from)) {
    to.set("basic_auth", value::map({{"username", hidden}, {"password", hidden}}));
  }
}

}  // namespace

value http_client(operator_context const &of, value const &endpoint) {
  auto result = value::map();
  add_proxy(of, endpoint, result);
  add_oauth2(of, endpoint["oauth2"], result);
  add_tls(of, endpoint, result);
  if (of.of_services() && !endpoint["bearerTokenFile"].text().empty()) {
    result.set("bearer_token_file", text_of(endpoint["bearerTokenFile"]));
  }
  if (!endpoint["bearerTokenSecret"]["name"].text().empty()) {
    result.set("bearer_token", hidden);
  }
  add_basic_auth(endpoint["basicAuth"], result);
  add_authorization(of, endpoint["authorization"], of.scrape_class["authorization"], result);
  return result;
}

value api_server(operator_context const &of) {
  auto const &from = of.prometheus_spec()["apiserverConfig"];
  if (from.is_null()) {
    return {};
  }
  auto result = value::map();
  result.set("api_server", text_of(from["host"]));
  add_basic_auth(from["basicAuth"], result);
  if (!from["bearerToken"].text().empty()) {
    result.set("bearer_token", hidden);
  }
  if (!from["bearerTokenFile"].text().empty()) {
    result.set("bearer_token_file", text_of(from["bearerTokenFile"]));
  }
  if (auto const &login = from["authorization"]; is_set(login)) {
    add_authorization(of, login, value(), result);
    if (auto *written = result.find_mutable("authorization");
        written != nullptr && !login["credentialsFile"].text().empty()) {
      written->set("credentials_file", text_of(login["credentialsFile"]));
    }
  }
  if (is_set(from["tlsConfig"])) {
    result.set("tls_config", tls_config(of, from["tlsConfig"], true));
  }
  add_proxy(of, from, result);
  return result;
}

}  // namespace loopcheck
