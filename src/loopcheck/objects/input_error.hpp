// SPDX-License-Identifier: Apache-2.0
// Input that cannot be read: exit status 2.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "value.hpp"

namespace loopcheck {

class input_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  /// "file:line:column: what"
  input_error(std::string_view file, place where, std::string_view what);
};

}  // namespace loopcheck
