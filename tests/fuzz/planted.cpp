// SPDX-License-Identifier: Apache-2.0
// A reader with a fault of the kind that the others look for: it takes two CRs in a row for one
// when a cut is between them. The run that does not find it is the one that fails.
#include <cstdint>
#include <string>

#include "invariant.hpp"

namespace {

std::string without_repeats(std::string_view bytes, fuzz::cuts cuts) {
  cuts.push_back(bytes.size());
  std::string kept;
  std::size_t begin = 0;
  for (auto const end : cuts) {
    auto piece = bytes.substr(begin, end - begin);
    if (kept.ends_with('\r') && piece.starts_with('\r')) piece.remove_prefix(1);
    kept += piece;
    begin = end;
  }
  return kept;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  std::string_view const bytes{reinterpret_cast<char const *>(data), size};
  auto const whole = without_repeats(bytes, {});
  for (auto const &cuts : fuzz::ways_to_cut(bytes))
    fuzz::require(without_repeats(bytes, cuts) == whole, "the cut does not change what is read");
  return 0;
}
