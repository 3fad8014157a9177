// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace loopmeter::web {

/// A web configuration that cannot be served with. The message is one line: file, line, key, what
/// is wrong and what is allowed. It never holds a secret.
class config_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// "FILE:LINE: what"; without the line where it is 0.
inline config_error error_at(std::string const &file, int line, std::string const &what) {
  return config_error(file + (line > 0 ? ':' + std::to_string(line) : "") + ": " + what);
}

}  // namespace loopmeter::web
