// SPDX-License-Identifier: Apache-2.0
// Bytes → documents, by libyaml: the parser that kubectl's and the API server's Go library is a
// port of, so that both accept the same. JSON goes through Boost.JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "value.hpp"

namespace loopcheck {

struct yaml_limits {
  std::size_t bytes_max = 64u << 20;
  std::size_t nodes_max = 4'000'000;  ///< aliases counted as what they stand for, anchors twice
  int depth_max = 100;
};

/// Documents of a stream, empty ones left out. Plain scalars mean what they mean to kubectl
/// (YAML 1.1: yes, on and y are booleans). Throws input_error with file, line and column for what
/// is not YAML, an alias inside its own anchor, or anything beyond the limits.
std::vector<value> parse_yaml(std::string_view bytes, std::string_view file,
                              yaml_limits const &limits = {});

/// One JSON text. The same errors.
value parse_json(std::string_view bytes, std::string_view file, yaml_limits const &limits = {});

/// Either: JSON is read as YAML, which tells lines, and by the JSON parser where that fails (tabs).
std::vector<value> parse_documents(std::string_view bytes, std::string_view file,
                                   yaml_limits const &limits = {});

std::string to_json(value const &of, int indent = 0);
/// To paste: block style, quoted where a reader could take it for something else.
std::string to_yaml(value const &of);

}  // namespace loopcheck
