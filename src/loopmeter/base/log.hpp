// SPDX-License-Identifier: Apache-2.0
// Log lines on stderr in logfmt: ts, level, msg, then the fields. Untrusted bytes are escaped.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace loopmeter::log {

enum class level : std::uint8_t { debug, info, warn, error };

/// One key=value of a line. Keys are constants of ours; values may be anything.
struct field {
  field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  field(std::string_view k, std::string_view v) : key(k), value(v) {}
  field(std::string_view k, char const *v) : key(k), value(v) {}
  template <std::integral Number>
  field(std::string_view k, Number number) : key(k), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

/// "debug", "info", "warn", "error"; nullopt for anything else.
std::optional<level> level_of(std::string_view name) noexcept;

/// Lines below this level are dropped. Thread-safe; info at first.
void set_level(level lowest) noexcept;
bool enabled(level of) noexcept;

/// Thread-safe; the line is written whole. Not for the path of a request.
void write(level of, std::string_view message, std::initializer_list<field> fields);

inline void debug(std::string_view message, std::initializer_list<field> fields = {}) {
  if (enabled(level::debug)) write(level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<field> fields = {}) {
  write(level::error, message, fields);
}

/// `text` with control characters and octets above 0x7e as \n or \xNN: fit for a terminal.
std::string printable(std::string_view text);

/// `text` as a logfmt value: as it is, or in quotes with escapes.
std::string quoted(std::string_view text);

}  // namespace loopmeter::log
