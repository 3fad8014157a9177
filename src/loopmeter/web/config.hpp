// SPDX-License-Identifier: Apache-2.0
// The web configuration of the Prometheus ecosystem, as its file says it (the format of
// prometheus/exporter-toolkit, docs/web-configuration.md). What comes of it stands in policy.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/web/config_error.hpp>

namespace loopmeter::web {

/// In the order of the protocol's versions.
enum class tls_version : std::uint8_t { tls10, tls11, tls12, tls13 };

/// What a client's certificate is asked for (Go's tls.ClientAuthType).
enum class client_auth : std::uint8_t {
  none,
  request,             ///< asked for, not looked at
  require_any,         ///< must be there; who signed it does not matter
  verify_if_given,     ///< may be missing; if there, it is verified
  require_and_verify,  ///< mutual TLS
};

/// A certificate or a key, in PEM. Where both are said, the file counts, as in Go.
struct pem_source {
  std::string text;
  std::string file;  ///< whole: a relative one is relative to the configuration
  int line = 0;      ///< where the configuration says so

  bool given() const noexcept { return !text.empty() || !file.empty(); }
};

struct tls_config {
  pem_source certificate;
  pem_source key;
  pem_source client_ca;
  client_auth clients = client_auth::none;
  /// Exact values of subject alternative names; nullopt: any. An empty list lets nobody in.
  std::optional<std::vector<std::string>> client_allowed_sans;
  tls_version min_version = tls_version::tls12;
  tls_version max_version = tls_version::tls13;
  /// Up to TLS 1.2, by OpenSSL's names; empty: Go's own list. `only_tls13`: names stood there, but
  /// none for TLS 1.2.
  std::vector<std::string> cipher_suites;
  bool only_tls13 = false;
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curves;  ///< by OpenSSL's names; empty: OpenSSL's own
};

struct rate_limit {
  std::chrono::nanoseconds interval{0};  ///< between two requests; 0: no limit
  std::int64_t burst = 0;                ///< requests that may come at once

  bool limits() const noexcept { return interval.count() > 0; }
};

struct config {
  std::string file;  ///< as it was named
  std::optional<tls_config> tls;
  /// Fields of every response, by their names; none of them empty.
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string, std::less<>> users;  ///< user, bcrypt hash
  rate_limit rate;

  /// Certificates and keys that stand in files.
  std::vector<std::string> files_of_tls() const;
};

/// `file` names the text in messages, and says where relative paths begin. Throws config_error.
config parse_config(std::string const &text, std::string const &file);

/// Reads and parses a file of at most 1 MiB. Throws config_error. The files that it names are read
/// by tls_context.
config load_config(std::string const &file);

/// The whole file, at most 1 MiB; throws config_error that begins with `what`.
std::string read_file_of(std::string const &config_file, int line, std::string const &what,
                         std::string const &file);

}  // namespace loopmeter::web
