// SPDX-License-Identifier: Apache-2.0
// Prometheus' functions: names and types of arguments. Source: promql/parser/functions.go, 3.x.
#pragma once

#include <span>
#include <string_view>

namespace loopcheck::promql {

struct function_row {
  std::string_view name;
  /// One letter an argument: v(ector), m(atrix), s(calar), t(ext).
  std::string_view arguments;
  /// How many may come beyond all but the last one of `arguments`; 0: exactly `arguments`, -1: any
  /// number.
  int variadic = 0;
  char result = 'v';
  bool experimental = false;
};

std::span<function_row const> functions() noexcept;
function_row const *find_function(std::string_view name) noexcept;

}  // namespace loopcheck::promql
