// SPDX-License-Identifier: Apache-2.0
#include "nearest.hpp"

#include <algorithm>
#include <vector>

namespace loopcheck {

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  std::size_t const beyond = most + 1;
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) {
    return beyond;
  }
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    if (std::ranges::min(row) > most) {
      return beyond;
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return std::min(last[b.size()], beyond);
}

std::size_t typos_max(std::string_view name) noexcept {
  return name.size() < 4 ? 1 : std::min<std::size_t>(name.size() / 4 + 1, 5);
}

bool extends_name(std::string_view a, std::string_view b) noexcept {
  auto const [shorter, longer] =
      std::minmax(a, b, [](auto x, auto y) { return x.size() < y.size(); });
  if (shorter.size() < 4 || shorter.size() == longer.size()) {
    return false;
  }
  std::size_t const rest = longer.size() - shorter.size();
  return (longer.starts_with(shorter) && longer[shorter.size()] == '_') ||
         (longer.ends_with(shorter) && longer[rest - 1] == '_');
}

}  // namespace loopcheck
