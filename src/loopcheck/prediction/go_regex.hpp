// SPDX-License-Identifier: Apache-2.0
// Go's regular expressions by RE2 for C++, and what Go's library makes of a match: the two are one
// dialect but for what is noted in the source.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace loopcheck {

/// Thread-safe. The same pattern is compiled once in a process as long as somebody holds it.
class go_regex {
 public:
  /// Anchored as Prometheus anchors: `^(?s:` pattern `)$`. Not valid where `error` is not empty.
  static go_regex anchored(std::string_view pattern);

  std::string const &error() const noexcept { return error_; }
  bool matches(std::string_view text) const;

  /// Text of the groups of the first match, 0 is the whole; no value: it took no part.
  using groups = std::vector<std::optional<std::string_view>>;
  std::optional<groups> find(std::string_view text, std::size_t from = 0) const;

  /// `$1`, `$name`, `${name}`, `$$` as Go's Regexp.Expand reads them.
  std::string expand(std::string_view template_text, groups const &of) const;
  /// Each match of `text` by its expansion.
  std::string replace_all(std::string_view text, std::string_view template_text) const;

 private:
  std::shared_ptr<re2::RE2 const> compiled_;  ///< shared with equal patterns
  std::string error_;
};

/// Strings' case by character, as Go's strings.ToLower and ToUpper.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

}  // namespace loopcheck
