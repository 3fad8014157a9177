// SPDX-License-Identifier: Apache-2.0
// The URL of a server, as users write it: "https://user:secret@host:9090/prefix".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loopcheck {

struct url {
  bool tls = false;
  std::string user, password;  ///< decoded; empty: none
  std::string host;            ///< without brackets
  std::string port;            ///< "9090"; the scheme's where none is written
  std::string path;            ///< without a slash at its end; empty for none

  /// As written, without user and password.
  std::string text() const;
};

/// Throws input_error, which does not repeat the password.
url parse_url(std::string_view text);

}  // namespace loopcheck
