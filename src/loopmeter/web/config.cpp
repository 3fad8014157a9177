// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/config.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <loopmeter/base/file.hpp>
#include <loopmeter/web/bcrypt.hpp>
#include <loopmeter/web/tls_names.hpp>
#include <loopmeter/web/yaml_value.hpp>

namespace loopmeter::web {

namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

// What the file says of TLS, before it is known whether it says enough.
struct tls_section {
  tls_config config;
  bool begun = false;  // one of the keys that turn TLS on is there
  int line = 0;
};

std::string beside(std::string const &config_file, std::string const &named) {
  if (named.empty()) return named;
  return (std::filesystem::path(config_file).parent_path() / named).lexically_normal().string();
}

std::vector<std::string> texts(yaml_value const &values) {
  std::vector<std::string> all;
  for (auto const &value : values.list())
    all.push_back(value.text());
  return all;
}

tls_version read_version(yaml_value const &value) {
  auto const version = tls_version_of(value.text());
  if (!version) value.refuse_value(tls_version_names());
  return *version;
}

void read_suites(yaml_value const &values, tls_config &into) {
  bool any = false;
  for (auto const &value : values.list()) {
    auto const suite = cipher_suite_of(value.text());
    if (!suite) value.refuse_value(cipher_suite_names());
    any = true;
    if (!suite->openssl.empty()) into.cipher_suites.emplace_back(suite->openssl);
  }
  into.only_tls13 = any && into.cipher_suites.empty();
}

void read_curves(yaml_value const &values, tls_config &into) {
  for (auto const &value : values.list()) {
    auto const curve = curve_of(value.text());
    if (!curve) value.refuse_value(curve_names());
    into.curves.emplace_back(*curve);
  }
}

tls_section read_tls(yaml_value const &section, std::string const &file) {
  tls_section made;
  made.line = section.line();
  auto &tls = made.config;
  auto const text_of = [&made](pem_source &pem) {
    return [&made, &pem](yaml_value const &value) {
      pem.text = value.text();
      if (pem.file.empty()) pem.line = value.line();
      made.begun = made.begun || pem.given();
    };
  };
  auto const file_of = [&made, &file](pem_source &pem) {
    return [&made, &file, &pem](yaml_value const &value) {
      pem.file = beside(file, value.text());
      if (!pem.file.empty()) pem.line = value.line();
      made.begun = made.begun || pem.given();
    };
  };
  section.read({
      {"cert", text_of(tls.certificate)},
      {"cert_file", file_of(tls.certificate)},
      {"key", text_of(tls.key)},
      {"key_file", file_of(tls.key)},
      {"client_ca", text_of(tls.client_ca)},
      {"client_ca_file", file_of(tls.client_ca)},
      {"client_auth_type",
       [&](auto const &value) {
         auto const type = client_auth_of(value.text());
         if (!type) value.refuse_value(client_auth_names());
         tls.clients = *type;
         made.begun = made.begun || !value.text().empty();
       }},
      {"client_allowed_sans", [&](auto const &value) { tls.client_allowed_sans = texts(value); }},
      {"min_version", [&](auto const &value) { tls.min_version = read_version(value); }},
      {"max_version", [&](auto const &value) { tls.max_version = read_version(value); }},
      {"cipher_suites", [&](auto const &value) { read_suites(value, tls); }},
      {"prefer_server_cipher_suites",
       [&](auto const &value) { tls.prefer_server_cipher_suites = value.boolean(); }},
      {"curve_preferences", [&](auto const &value) { read_curves(value, tls); }},
  });
  return made;
}

// Keys that make sense one by one, and not together.
void check(tls_section const &section, std::string const &file) {
  auto const &tls = section.config;
  auto const refuse = [&](std::string const &what) {
    throw error_at(file, section.line, "tls_server_config: " + what);
  };
  if (!tls.certificate.given()) refuse("cert or cert_file is missing");
  if (!tls.key.given()) refuse("key or key_file is missing");
  if (tls.client_ca.given() && tls.clients == client_auth::none) {
    refuse("client_ca needs client_auth_type: without it no client is asked for a certificate");
  }
  bool const required =
      tls.clients == client_auth::require_any || tls.clients == client_auth::require_and_verify;
  if (tls.client_allowed_sans && !required) {
    refuse(
        "client_allowed_sans needs a client_auth_type of RequireAnyClientCert or "
        "RequireAndVerifyClientCert: a client without a certificate has no name to compare");
  }
  if (tls.min_version > tls.max_version) refuse("min_version is above max_version");
  if (tls.only_tls13 && tls.max_version < tls_version::tls13) {
    refuse("cipher_suites has suites of TLS 1.3 alone, and max_version is below that");
  }
}

void read_headers(yaml_value const &section, config &into) {
  auto const any = [&into](yaml_value const &value) {
    auto const text = value.text();
    auto const is_control = [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; };
    if (std::ranges::any_of(text, is_control)) {
      value.refuse("control characters, such as the end of a line, are not allowed");
    }
    auto const name = value.path().substr(value.path().rfind('.') + 1);
    if (!text.empty()) into.headers[name] = text;  // empty: not sent
  };
  auto const one_of = [&any](std::vector<std::string> const &allowed) {
    return [&any, allowed](yaml_value const &value) {
      if (std::ranges::find(allowed, value.text()) == allowed.end()) {
        value.refuse_value(allowed.size() == 1 ? allowed[0] : allowed[0] + " or " + allowed[1]);
      }
      any(value);
    };
  };
  section.read({
      {"Content-Security-Policy", any},
      {"Strict-Transport-Security", any},
      {"X-Content-Type-Options", one_of({"nosniff"})},
      {"X-Frame-Options", one_of({"deny", "sameorigin"})},
      {"X-XSS-Protection", any},
  });
}

void read_users(yaml_value const &section, config &into) {
  for (auto const &[user, hash] : section.mapping()) {
    auto const text = hash.text();
    if (!is_bcrypt_hash(text)) {
      hash.refuse("not a bcrypt hash; allowed is $2y$, $2b$ or $2a$ with a cost of " +
                  std::to_string(bcrypt_cost_min) + " to " + std::to_string(bcrypt_cost_max) +
                  ", as htpasswd -nBC 10 prints it");
    }
    into.users[user] = text;
  }
}

void read_rate(yaml_value const &section, config &into) {
  auto &rate = into.rate;
  section.read({
      {"interval", [&](auto const &value) { rate.interval = value.duration(); }},
      {"burst",
       [&](auto const &value) {
         rate.burst = value.whole_number();
         if (rate.burst < 0) value.refuse_value("a whole number from 0 on");
       }},
  });
}

}  // namespace

std::vector<std::string> config::files_of_tls() const {
  std::vector<std::string> all;
  if (!tls) return all;
  for (auto const *pem : {&tls->certificate, &tls->key, &tls->client_ca}) {
    if (!pem->file.empty()) all.push_back(pem->file);
  }
  return all;
}

config parse_config(std::string const &text, std::string const &file) {
  config made;
  made.file = file;
  tls_section tls;
  yaml_value::parse(text, made.file)
      .read({
          {"tls_server_config", [&](auto const &value) { tls = read_tls(value, made.file); }},
          {"http_server_config",
           [&](auto const &value) {
             value.read({
                 {"http2", [](auto const &on) { on.boolean(); }},  // we speak HTTP/1.1
                 {"headers", [&](auto const &headers) { read_headers(headers, made); }},
             });
           }},
          {"basic_auth_users", [&](auto const &value) { read_users(value, made); }},
          {"rate_limit", [&](auto const &value) { read_rate(value, made); }},
      });
  if (tls.begun) {
    check(tls, made.file);
    made.tls = std::move(tls.config);
  }
  return made;
}

config load_config(std::string const &file) {
  return parse_config(read_file_of(file, 0, "", file), file);
}

std::string read_file_of(std::string const &config_file, int line, std::string const &what,
                         std::string const &file) {
  errno = 0;
  if (auto text = read_file(file, file_bytes_max)) return *std::move(text);
  auto const why = errno != 0 ? std::system_category().message(errno)
                              : "longer than " + std::to_string(file_bytes_max) + " bytes";
  throw error_at(config_file, line, what + "cannot be read: " + why);
}

}  // namespace loopmeter::web
