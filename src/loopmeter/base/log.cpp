// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/log.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace loopmeter::log {

namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warn", "error"};

spdlog::logger &logger() {
  // Never destroyed: a thread that outlives main's statics may still log.
  static auto *const instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();  // shared_ptr: spdlog's own
    auto *const made = new spdlog::logger("loopmeter", std::move(sink));
    made->set_pattern("ts=%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(level of) noexcept {
  constexpr std::array map{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                           spdlog::level::err};
  return map[static_cast<std::size_t>(of)];
}

}  // namespace

std::optional<level> level_of(std::string_view name) noexcept {
  auto const found = std::find(level_names.begin(), level_names.end(), name);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<level>(found - level_names.begin());
}

void set_level(level lowest) noexcept {
  logger().set_level(spdlog_level(lowest));
}

bool enabled(level of) noexcept {
  return logger().should_log(spdlog_level(of));
}

std::string printable(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    auto const octet = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (octet < 0x20 || octet >= 0x7f) {
      out += "\\x";
      out += hex[octet >> 4U];
      out += hex[octet & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  auto const plain = [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string escaped;
  for (char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + printable(escaped) + '"';
}

void write(level of, std::string_view message, std::initializer_list<field> fields) {
  if (!enabled(of)) return;
  std::string line = "level=";
  line += level_names[static_cast<std::size_t>(of)];
  line += " msg=" + quoted(message);
  for (auto const &f : fields) {
    line += ' ';
    line += f.key;
    line += '=' + quoted(f.value);
  }
  logger().log(spdlog_level(of), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace loopmeter::log
