// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: to end the program when something does not hold, and where to cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

namespace fuzz {

/// Ends the program, which libFuzzer takes for a finding and keeps its input.
inline void require(bool holds, char const *what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// Exactly these bytes on the heap, so that a read behind them is an error that ASan sees.
class exact_copy {
 public:
  explicit exact_copy(std::string_view bytes)
      : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size()) {
    bytes.copy(bytes_.get(), bytes.size());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

using cuts = std::vector<std::size_t>;  // ascending, within (0, size)

inline cuts every_octet(std::size_t size) {
  cuts made;
  for (std::size_t i = 1; i < size; ++i)
    made.push_back(i);
  return made;
}

/// Ways to cut these bytes: one cut, several, and octet by octet; up to `all_up_to` octets, at each
/// place, too. They follow from the bytes, so that a finding can be repeated.
inline std::vector<cuts> ways_to_cut(std::string_view bytes, std::size_t all_up_to = 24) {
  std::vector<cuts> ways;
  if (bytes.size() < 2) return ways;
  if (bytes.size() <= all_up_to) {
    for (std::size_t at = 1; at < bytes.size(); ++at)
      ways.push_back({at});
  }
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>{}(bytes)));
  auto const place = [&] { return 1 + random() % (bytes.size() - 1); };
  ways.push_back({place()});
  cuts several;
  for (auto left = 2 + random() % 6; left > 0; --left)
    several.push_back(place());
  std::sort(several.begin(), several.end());
  ways.push_back(std::move(several));
  ways.push_back(every_octet(bytes.size()));
  return ways;
}

}  // namespace fuzz
