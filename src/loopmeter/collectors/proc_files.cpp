// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/proc_files.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace loopmeter::collectors::detail {
namespace {

// Takes the next word off the front of `text`; empty when there is none.
std::string_view take_word(std::string_view &text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  std::string_view const word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

std::string_view take_line(std::string_view &text) {
  std::string_view const line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

bool read_number(std::string_view word, std::uint64_t &value) {
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc{} && end == word.data() + word.size();
}

std::optional<std::uint64_t> number(std::string_view word) {
  std::uint64_t value = 0;
  return read_number(word, value) ? std::optional{value} : std::nullopt;
}

}  // namespace

std::optional<process_stat> parse_process_stat(std::string_view text) {
  // Field 2 is the name in parentheses, which may hold spaces and parentheses itself: what follows
  // the last one is field 3.
  std::size_t const name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  constexpr std::size_t first_field = 3;
  constexpr std::size_t last_field = 24;
  std::array<std::string_view, last_field + 1> fields;  // by their number in proc(5)
  for (std::size_t i = first_field; i <= last_field; ++i)
    fields[i] = take_word(text);

  process_stat stat;
  bool const is_whole =
      read_number(fields[14], stat.user_ticks) && read_number(fields[15], stat.system_ticks) &&
      read_number(fields[20], stat.threads) && read_number(fields[22], stat.start_ticks) &&
      read_number(fields[23], stat.virtual_bytes) && read_number(fields[24], stat.resident_pages);
  return is_whole ? std::optional{stat} : std::nullopt;
}

std::optional<std::uint64_t> parse_boot_time(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (take_word(line) == "btime") return number(take_word(line));
  }
  return std::nullopt;
}

network_octets parse_netstat(std::string_view text) {
  // A line of names, then one of values in the same order, both with the group's name in front.
  network_octets octets;
  while (!text.empty()) {
    std::string_view names = take_line(text);
    std::string_view values = take_line(text);
    if (take_word(names) != "IpExt:" || take_word(values) != "IpExt:") continue;
    for (auto name = take_word(names); !name.empty(); name = take_word(names)) {
      std::string_view const value = take_word(values);
      if (name == "InOctets") octets.received = number(value);
      if (name == "OutOctets") octets.transmitted = number(value);
    }
  }
  return octets;
}

}  // namespace loopmeter::collectors::detail
