// SPDX-License-Identifier: Apache-2.0
// One GET over HTTP or HTTPS, blocking, bounded in time and size. It follows no redirect, uses no
// proxy and sends a login to the one server it was meant for.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "outcome.hpp"

namespace loopcheck {

struct http_request {
  bool tls = false;
  std::string host, port;
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside Host and User-Agent

  std::string ca_file;    ///< PEM; empty: the system's (SSL_CERT_FILE, SSL_CERT_DIR)
  bool insecure = false;  ///< the certificate is not verified
  std::size_t body_bytes_max = 64u << 20;
  std::chrono::milliseconds timeout{30'000};  ///< of the whole
};

struct http_answer {
  int status = 0;
  std::string body, content_type, location;
};

/// Any status is an answer. Failures: unreachable, timed_out, interrupted, too_large, bad_answer
/// (not HTTP), bad_configuration (the CA file). A connection of its own each time. Thread-safe.
outcome<http_answer> http_get(http_request const &request);

}  // namespace loopcheck
