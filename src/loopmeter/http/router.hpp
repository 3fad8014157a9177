// SPDX-License-Identifier: Apache-2.0
// From a path to the resource that it names. Pure; made once from the table of routes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::http {

/// The values of a pattern's `{parameters}`, in their order; views into the path.
struct path_parameters {
  static constexpr std::size_t count_max = 4;
  std::array<std::string_view, count_max> values;
  std::size_t count = 0;
};

/// Exact paths by one probe of a perfect hash, then patterns such as `/status/{code}` in the order
/// of the table. A parameter matches one non-empty segment. Thread-safe after construction.
class router {
 public:
  static constexpr std::size_t not_found = static_cast<std::size_t>(-1);
  static constexpr std::size_t patterns_max = 1024;

  router() = default;
  /// Throws std::invalid_argument for a pattern that does not begin with '/', that another one
  /// hides (it stands twice, or differs in the names of parameters only), that has a malformed or
  /// more than count_max parameters, and for more than patterns_max of them.
  explicit router(std::vector<std::string> patterns);

  /// The index of the pattern, or not_found. About 15 ns for an exact path; allocates nothing.
  std::size_t match(std::string_view path, path_parameters &parameters) const noexcept;

 private:
  struct pattern {
    std::size_t index;
    std::vector<std::string> segments;  // empty: a parameter
  };

  void add_parameters(std::size_t index);
  bool try_seed(std::uint64_t seed);
  std::size_t slot_of(std::string_view path, std::uint64_t seed) const noexcept;

  std::vector<std::string> patterns_;
  std::vector<std::uint16_t> slots_;  // perfect hash: 1 + index into patterns_, 0 = empty
  std::uint64_t seed_ = 0;
  std::vector<pattern> with_parameters_;
};

}  // namespace loopmeter::http
