// SPDX-License-Identifier: Apache-2.0
// Logins, TLS and proxies of an endpoint: what the operator refuses, and what it takes but
// Prometheus does not load.
#include <algorithm>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "operator_context.hpp"

namespace loopcheck {

namespace {

std::string text_of(value const &of) {
  return std::string(of.text());
}

std::string trimmed_lower(std::string_view text) {
  auto const first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return {};
  }
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return result;
}

std::string decoded(std::string_view base64) {
  std::string result(base64.size() / 4 * 3 + 3, '\0');
  auto const size = EVP_DecodeBlock(reinterpret_cast<unsigned char *>(result.data()),
                                    reinterpret_cast<unsigned char const *>(base64.data()),
                                    static_cast<int>(base64.size()));
  result.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  while (!result.empty() && result.back() == '\0') {
    result.pop_back();  // what stood for padding
  }
  return result;
}

template <typename Of, void (*Free)(Of *)>
struct freed_by {
  void operator()(Of *of) const { Free(of); }
};
using certificate_holder = std::unique_ptr<X509, freed_by<X509, X509_free>>;
using key_holder = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY, EVP_PKEY_free>>;
using memory = std::unique_ptr<BIO, freed_by<BIO, BIO_free_all>>;

memory reader(std::string_view text) {
  return memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

certificate_holder certificate_of(std::string_view text) {
  return certificate_holder(PEM_read_bio_X509(reader(text).get(), nullptr, nullptr, nullptr));
}

bool is_certificate(std::string_view text) {
  auto const found = certificate_of(text);
  ERR_clear_error();
  return found != nullptr;
}

bool is_pair(std::string_view certificate_text, std::string_view key_text) {
  auto const found = certificate_of(certificate_text);
  key_holder const key(PEM_read_bio_PrivateKey(reader(key_text).get(), nullptr, nullptr, nullptr));
  bool const result = found && key && X509_check_private_key(found.get(), key.get()) == 1;
  ERR_clear_error();
  return result;
}

/// Checks that what an endpoint refers to is there, as far as it is known.
class references {
 public:
  references(operator_context const &of, rejections &found) : of_(of), found_(found) {}

  void key(char const *kind, value const &reference, std::string const &field) {
    auto const name = text_of(reference["name"]);
    auto const wanted = text_of(reference["key"]);
    auto const &space = of_.monitor.id.space;
    auto const *held = of_.all.find(kind, space, name);
    if (name.empty()) {
      found_.push_back({field, "names no " + std::string(kind)});
    } else if (held == nullptr) {
      if (of_.all.known(kind) == inventory::knowledge::complete) {
        found_.push_back({field, std::string(kind) + " " + space + "/" + name + " does not exist"});
      }
    } else if (!(*held)["data"].has(wanted) && !(*held)["stringData"].has(wanted)) {
      found_.push_back(
          {field, std::string(kind) + " " + space + "/" + name + " has no key \"" + wanted + '"'});
    }
  }

  void either(value const &reference, std::string const &field) {
    if (is_set(reference["secret"])) {
      key("Secret", reference["secret"], field + ".secret");
    } else if (is_set(reference["configMap"])) {
      key("ConfigMap", reference["configMap"], field + ".configMap");
    }
  }

  void tls(value const &config, std::string const &field) {
    either(config["ca"], field + ".ca");
    either(config["cert"], field + ".cert");
    if (is_set(config["keySecret"])) {
      key("Secret", config["keySecret"], field + ".keySecret");
    }
    auto const authority = content_of(config["ca"]);
    if (!authority.empty() && !is_certificate(authority)) {
      found_.push_back({field + ".ca", "is no certificate in PEM"});
    }
    auto const certificate = content_of(config["cert"]);
    auto const secret = content_of(value::map({{"secret", config["keySecret"]}}));
    if (!certificate.empty() && !secret.empty() && !is_pair(certificate, secret)) {
      found_.push_back(
          {field + ".cert", "and keySecret are no pair of certificate and key in PEM"});
    }
  }

  void proxy(value const &config, std::string const &field) {
    for (auto const &header : config["proxyConnectHeader"].entries()) {
      for (auto const &one : header.held.items()) {
        key("Secret", one, field + ".proxyConnectHeader." + header.key);
      }
    }
  }

 private:
  /// Empty where it is not known: of a cluster only the keys are read.
  std::string content_of(value const &reference) const {
    bool const secret = is_set(reference["secret"]);
    auto const &of = reference[secret ? "secret" : "configMap"];
    auto const *held =
        of_.all.find(secret ? "Secret" : "ConfigMap", of_.monitor.id.space, of["name"].text());
    if (held == nullptr) {
      return {};
    }
    auto const plain = (*held)[secret ? "stringData" : "data"][of["key"].text()].text();
    return !secret || !plain.empty() ? std::string(plain)
                                     : decoded((*held)["data"][of["key"].text()].text());
  }

  operator_context const &of_;
  rejections &found_;
};

std::string why_not_proxy(value const &config) {
  bool const environment = config["proxyFromEnvironment"].boolean_or(false);
  bool const url = !config["proxyUrl"].text().empty();
  bool const exceptions = !config["noProxy"].text().empty();
  auto const headers = config["proxyConnectHeader"].entries();
  if (!headers.empty() && !environment && !url) {
    return "proxyConnectHeader needs proxyUrl or proxyFromEnvironment";
  }
  if (environment && (url || exceptions)) {
    return "proxyFromEnvironment goes neither with proxyUrl nor with noProxy";
  }
  if (!url && exceptions) {
    return "noProxy needs proxyUrl";
  }
  for (auto const &one : headers) {
    if (one.held.items().empty()) {
      return "proxyConnectHeader." + one.key + " is empty";
    }
  }
  return {};
}

std::string why_not_oauth2(value const &config, version_number const &operator_version) {
  if (config["tokenUrl"].text().empty()) {
    return "tokenUrl is missing";
  }
  auto const &client = config["clientId"];
  if (!refers(client)) {
    return "clientId is missing";
  }
  if (is_set(client["secret"]) && is_set(client["configMap"])) {
    return "clientId is either of a Secret or of a ConfigMap";
  }
  if (auto why = why_not_tls(config["tlsConfig"], false); !why.empty()) {
    return "tlsConfig: " + why;
  }
  constexpr version_number checks_proxy{0, 92, 0};
  return operator_version < checks_proxy ? std::string() : why_not_proxy(config);
}

void check_logins(value const &endpoint, std::string const &field, rejections &found) {
  std::vector<std::string> set;
  for (char const *one : {"authorization", "basicAuth", "bearerTokenSecret", "oauth2"}) {
    if (is_set(endpoint[one])) {
      set.emplace_back(one);
    }
  }
  if (set.size() > 1) {
    found.push_back({field + "." + set[1], "only one login: " + set[0] + " and " + set[1]});
  }
  if (auto const &login = endpoint["authorization"]; is_set(login)) {
    if (trimmed_lower(login["type"].text()) == "basic") {
      found.push_back({field + ".authorization.type", "Basic is written as basicAuth"});
    } else if (login["credentials"].is_null()) {
      found.push_back({field + ".authorization", "credentials are missing"});
    }
  }
}

void check_references(operator_context const &of, value const &endpoint, std::string const &field,
                      rejections &found) {
  references look(of, found);
  auto const &token = endpoint["bearerTokenSecret"];
  if (!token["name"].text().empty() && (of.of_services() || !token["key"].text().empty())) {
    look.key("Secret", token, field + ".bearerTokenSecret");
  }
  if (auto const &login = endpoint["basicAuth"]; is_set(login)) {
    look.key("Secret", login["username"], field + ".basicAuth.username");
    look.key("Secret", login["password"], field + ".basicAuth.password");
  }
  if (auto const &login = endpoint["oauth2"]; is_set(login)) {
    look.either(login["clientId"], field + ".oauth2.clientId");
    look.key("Secret", login["clientSecret"], field + ".oauth2.clientSecret");
    look.tls(login["tlsConfig"], field + ".oauth2.tlsConfig");
    look.proxy(login, field + ".oauth2");
  }
  if (auto const &secret = endpoint["authorization"]["credentials"];
      !secret["name"].text().empty()) {
    look.key("Secret", secret, field + ".authorization.credentials");
  }
  look.tls(endpoint["tlsConfig"], field + ".tlsConfig");
  look.proxy(endpoint, field);
}

}  // namespace

std::string why_not_tls(value const &tls, bool with_files) {
  for (char const *one : {"ca", "cert"}) {
    if (is_set(tls[one]["secret"]) && is_set(tls[one]["configMap"])) {
      return std::string(one) + " is either of a Secret or of a ConfigMap";
    }
  }
  auto const low = tls["minVersion"].text();
  auto const high = tls["maxVersion"].text();
  if (is_set(tls["minVersion"]) && is_set(tls["maxVersion"]) && high < low) {
    return "maxVersion is below minVersion";
  }
  auto file = [&](char const *name) { return with_files && !tls[name].text().empty(); };
  if (refers(tls["ca"]) && file("caFile")) {
    return "ca and caFile exclude each other";
  }
  if (refers(tls["cert"]) && file("certFile")) {
    return "cert and certFile exclude each other";
  }
  if (is_set(tls["keySecret"]) && file("keyFile")) {
    return "keySecret and keyFile exclude each other";
  }
  bool const certificate = refers(tls["cert"]) || file("certFile");
  bool const key = is_set(tls["keySecret"]) || file("keyFile");
  if (certificate != key) {
    return certificate ? "a certificate without its key" : "a key without its certificate";
  }
  return {};
}

void check_http_client(operator_context const &of, value const &endpoint, std::string const &field,
                       rejections &found) {
  auto const &tls = endpoint["tlsConfig"];
  if (of.of_services() &&
      of.prometheus_spec()["arbitraryFSAccessThroughSMs"]["deny"].boolean_or(false)) {
    if (!endpoint["bearerTokenFile"].text().empty()) {
      found.push_back({field + ".bearerTokenFile",
                       "the Prometheus object denies monitors access to its files"});
    }
    for (char const *one : {"caFile", "certFile", "keyFile"}) {
      if (!tls[one].text().empty()) {
        found.push_back({field + ".tlsConfig." + one,
                         "the Prometheus object denies monitors access to its files"});
      }
    }
  }
  check_logins(endpoint, field, found);
  if (auto why = why_not_tls(tls, of.of_services()); !why.empty()) {
    found.push_back({field + ".tlsConfig", std::move(why)});
  }
  if (auto const &login = endpoint["oauth2"]; is_set(login)) {
    if (auto why = why_not_oauth2(login, of.operator_version); !why.empty()) {
      found.push_back({field + ".oauth2", std::move(why)});
    }
  }
  if (auto why = why_not_proxy(endpoint); !why.empty()) {
    found.push_back({field, std::move(why)});
  }
  check_references(of, endpoint, field, found);
}

void check_http_loading(value const &client, std::string const &field, rejections &found) {
  std::vector<std::string> set;
  for (char const *one :
       {"basic_auth", "oauth2", "authorization", "bearer_token", "bearer_token_file"}) {
    if (client.has(one)) {
      set.emplace_back(one);
    }
  }
  if (set.size() > 1) {
    found.push_back({field,
                     "Prometheus takes one login and gets two: " + set[0] + " and " + set[1] +
                         " (one may come from the scrape class)",
                     false,
                     {}});
  }
  auto const &login = client["authorization"];
  if (trimmed_lower(login["type"].text()) == "basic") {
    found.push_back({field + ".authorization.type", "Basic is written as basicAuth", false, {}});
  }
  auto const &tls = client["tls_config"];
  if (tls.has("cert_file") != tls.has("key_file")) {
    found.push_back(
        {field + ".tlsConfig", "Prometheus needs the certificate and its key", false, {}});
  }
}

}  // namespace loopcheck
