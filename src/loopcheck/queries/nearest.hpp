// SPDX-License-Identifier: Apache-2.0
// Which known name was meant by an unknown one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace loopcheck {

/// Letters to insert, remove, change or swap; above `most` any larger number. Costs
/// a.size() * b.size(), nothing where the sizes differ by more than `most`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most);

/// How many letters may be wrong in a name of this length.
std::size_t typos_max(std::string_view name) noexcept;

/// True where one of the two is the other with more words: "http_requests" and
/// "http_requests_total".
bool extends_name(std::string_view a, std::string_view b) noexcept;

/// The first of the nearest names; empty where none is near. Same names are not typos: they are
/// left out.
template <typename Range, typename Projection = std::identity>
std::string nearest(std::string_view name, Range const &names, Projection project = {}) {
  std::string best;
  std::size_t least = typos_max(name) + 1;
  for (auto const &each : names) {
    std::string_view const candidate = std::invoke(project, each);
    if (candidate == name) {
      continue;
    }
    std::size_t const distance = edit_distance(name, candidate, least - 1);
    if (distance < least) {
      best = candidate;
      least = distance;
    } else if (best.empty() && extends_name(name, candidate)) {
      best = candidate;
    }
  }
  return best;
}

}  // namespace loopcheck
