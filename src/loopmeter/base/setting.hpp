// SPDX-License-Identifier: Apache-2.0
// A number that the user of a program may set: how it is called, what it may be, and how it reads
// as text. Settings stand in tables, one row each, from which flags, help and documents come.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace loopmeter {

enum class unit : std::uint8_t { count, bytes, milliseconds };

/// What a setting may be: `min` to `max` of its unit, and 0 besides where that has a word.
struct quantity {
  loopmeter::unit unit = unit::count;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::string_view zero_word = {};  ///< "auto", "off"
};

/// "12", "16KB" (B, KB = 1024 B, MB, GB) or "250ms" (ms, s, m), or the word for 0. nullopt for
/// everything else, and for what is out of bounds.
std::optional<std::uint64_t> parse_quantity(quantity const &what, std::string_view text) noexcept;

/// The shortest text that parses to the value.
std::string quantity_text(quantity const &what, std::uint64_t value);

/// For people: "a size like 16KB or 1MB, from 256B to 1MB".
std::string allowed_text(quantity const &what);

/// One row of a table of settings of an `Of`.
template <class Of>
struct setting {
  std::string_view flag;  ///< "limit.head-bytes"
  quantity what;
  std::string_view help;  ///< one sentence, without its full stop
  std::uint64_t (*get)(Of const &) noexcept;
  void (*set)(Of &, std::uint64_t) noexcept;
};

/// `Field` is a lambda without captures that returns a reference to the member, an unsigned
/// integer or a duration in milliseconds.
template <class Of, class Field>
consteval setting<Of> make_setting(std::string_view flag, quantity what, std::string_view help,
                                   Field) {
  using value = std::remove_cvref_t<std::invoke_result_t<Field, Of &>>;
  setting<Of> made{.flag = flag, .what = what, .help = help, .get = nullptr, .set = nullptr};
  if constexpr (std::unsigned_integral<value>) {
    if (what.max > static_cast<std::uint64_t>(static_cast<value>(-1))) throw "max does not fit";
    made.get = [](Of const &of) noexcept { return static_cast<std::uint64_t>(Field{}(of)); };
    made.set = [](Of &of, std::uint64_t n) noexcept { Field{}(of) = static_cast<value>(n); };
  } else {
    static_assert(std::same_as<value, std::chrono::milliseconds>);
    if (what.unit != unit::milliseconds) throw "a duration in another unit";
    made.get = [](Of const &of) noexcept {
      return static_cast<std::uint64_t>(Field{}(of).count());
    };
    made.set = [](Of &of, std::uint64_t n) noexcept {
      Field{}(of) = std::chrono::milliseconds(static_cast<std::int64_t>(n));
    };
  }
  return made;
}

}  // namespace loopmeter
