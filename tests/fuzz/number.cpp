// SPDX-License-Identifier: Apache-2.0
// Any double, written as the formats write it, reads back as itself.
#include <loopmeter/exposition/number.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using namespace loopmeter::exposition;

template <class Write>
void check(double value, Write write) {
  char digits[number_bytes_max];
  std::string_view const text{digits, write(digits, value)};
  if (text.empty() || text.size() > number_bytes_max) std::abort();
  if (std::isnan(value)) return text == "NaN" ? void() : std::abort();
  std::size_t const sign = text.starts_with('+') ? 1 : 0;
  double back = 0;
  auto const end = std::from_chars(digits + sign, digits + text.size(), back).ptr;
  bool const is_same = std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value);
  if (!is_same || end != digits + text.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  double value = 0;
  if (size < sizeof value) return 0;
  std::memcpy(&value, data, sizeof value);
  check(value, [](char *out, double one) { return write_number(out, one); });
  check(value, write_canonical);
  return 0;
}
