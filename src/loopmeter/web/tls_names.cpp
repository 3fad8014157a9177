// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/tls_names.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace loopmeter::web {

namespace {

template <class Value, std::size_t Size>
using table = std::array<std::pair<std::string_view, Value>, Size>;

constexpr table<std::string_view, 13> suites{{
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
}};

constexpr table<std::string_view, 4> curves{
    {{"X25519", "X25519"}, {"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}}};

constexpr table<tls_version, 4> versions{{{"TLS10", tls_version::tls10},
                                          {"TLS11", tls_version::tls11},
                                          {"TLS12", tls_version::tls12},
                                          {"TLS13", tls_version::tls13}}};

constexpr table<client_auth, 7> auths{
    {{"NoClientCert", client_auth::none},
     {"RequestClientCert", client_auth::request},
     {"RequireAnyClientCert", client_auth::require_any},
     {"VerifyClientCertIfGiven", client_auth::verify_if_given},
     {"RequireAndVerifyClientCert", client_auth::require_and_verify},
     {"RequireClientCert", client_auth::require_any},  // an old name of the ecosystem's
     {"", client_auth::none}}};

template <class Table>
auto find(Table const &in, std::string_view name) noexcept
    -> std::optional<typename Table::value_type::second_type> {
  auto const found = std::ranges::find(in, name, &Table::value_type::first);
  if (found == in.end()) return std::nullopt;
  return found->second;
}

template <class Table>
std::string names_of(Table const &in) {
  std::string names;
  for (auto const &[name, value] : in) {
    if (name.empty()) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace

std::optional<cipher_suite> cipher_suite_of(std::string_view name) noexcept {
  auto const found = find(suites, name);
  if (!found) return std::nullopt;
  return cipher_suite{*found};
}

std::optional<std::string_view> curve_of(std::string_view name) noexcept {
  return find(curves, name);
}

std::optional<tls_version> tls_version_of(std::string_view name) noexcept {
  return find(versions, name);
}

std::optional<client_auth> client_auth_of(std::string_view name) noexcept {
  return find(auths, name);
}

std::string cipher_suite_names() {
  return names_of(suites);
}
std::string curve_names() {
  return names_of(curves);
}
std::string tls_version_names() {
  return names_of(versions);
}
std::string client_auth_names() {
  return names_of(auths);
}

std::string default_cipher_list() {
  std::string list;
  for (auto const &[name, openssl] : suites) {
    if (openssl.empty()) continue;
    if (!list.empty()) list += ':';
    list += openssl;
  }
  return list;
}

}  // namespace loopmeter::web
