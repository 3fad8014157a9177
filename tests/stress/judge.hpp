// SPDX-License-Identifier: Apache-2.0
// What is promised of expositions that follow one another, as a judge that reads them in every
// protocol: each is valid and consistent in itself, and no series falls behind the one before.
#pragma once

#include <loopmeter/exposition/format.hpp>

#include <exposition_checker.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::stress {

/// Formats that differ in more than how names are written.
inline constexpr exposition::format formats[]{
    {exposition::protocol::text_0_0_4, exposition::escaping::underscores},
    {exposition::protocol::text_1_0_0, exposition::escaping::allow_utf_8},
    {exposition::protocol::openmetrics_0_0_1, exposition::escaping::underscores},
    {exposition::protocol::openmetrics_1_0_0, exposition::escaping::allow_utf_8},
    {exposition::protocol::protobuf, exposition::escaping::allow_utf_8},
};

/// Judges expositions of one format. It knows two families: `open`, a gauge that is not negative,
/// and `values`, a histogram of whole numbers from 1 to 8 with a bound at each.
class judge {
 public:
  explicit judge(exposition::format as) : as_{as} {}

  exposition::format format() const { return as_; }
  void look(std::string_view body);
  /// The first of what was wrong, "fell: events_total|even" and the like.
  std::vector<std::string> const &failures() const { return failures_; }
  std::size_t samples() const { return samples_; }

 private:
  void read_text(std::string_view body);
  void read_openmetrics(std::string_view body);
  void read_protobuf(std::string_view body);
  void compare(std::vector<test::checked_family> const &families);
  void compare(std::string_view type, test::sample const &sample);
  void check_values(std::vector<test::checked_family> const &families);
  void fail(std::string_view what, std::string_view where);

  exposition::format as_;
  std::map<std::string, double> before_;
  std::size_t samples_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace loopmeter::stress
