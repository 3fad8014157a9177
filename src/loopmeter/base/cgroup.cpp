// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/cgroup.hpp>

#include <loopmeter/base/file.hpp>

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace loopmeter {
namespace {

struct group {
  std::string directory;
  bool is_v2 = false;
};

// Takes what comes before the separator off the front of `text`.
std::string_view take(std::string_view &text, char separator) {
  std::size_t const end = text.find(separator);
  std::string_view const taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

// A number in decimal digits and nothing else: not "max", not -1, nor what does not fit.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number_in(std::string const &path) {
  auto const text = read_file(path);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  return number(take(rest, '\n'));
}

// Appends the groups from the process's own up to the root of the mount, of which some may not be
// visible: without a cgroup namespace the path is the host's, but the mount the container's.
void append_way_up(std::vector<group> &groups, std::string const &mount, std::string_view path,
                   bool is_v2) {
  // From a namespace's outside the path begins with "/..", which names nothing below the mount.
  if (path == "/" || path.starts_with("/..")) path = {};
  for (;;) {
    groups.push_back({.directory = mount + std::string{path}, .is_v2 = is_v2});
    std::size_t const slash = path.rfind('/');
    if (slash == std::string_view::npos) return;
    path = path.substr(0, slash);
  }
}

// Where the limits of a controller may stand, nearest first.
std::vector<group> groups_of(cgroup_sources const &sources, std::string_view controller) {
  std::vector<group> groups;
  auto const file = read_file(sources.file);
  if (!file) return groups;
  for (std::string_view rest = *file; !rest.empty();) {
    // "hierarchy:controllers:path", where hierarchy 0 is v2.
    std::string_view path = take(rest, '\n');
    std::string_view const hierarchy = take(path, ':');
    std::string_view controllers = take(path, ':');
    if (!path.starts_with('/')) continue;
    if (hierarchy == "0") {
      append_way_up(groups, sources.root, path, true);
      continue;
    }
    while (!controllers.empty()) {
      if (take(controllers, ',') != controller) continue;
      append_way_up(groups, sources.root + '/' + std::string{controller}, path, false);
    }
  }
  return groups;
}

std::optional<double> quota_of(group const &one) {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  if (one.is_v2) {
    auto const text = read_file(one.directory + "/cpu.max");
    std::string_view rest = text ? std::string_view{*text} : std::string_view{};
    std::string_view line = take(rest, '\n');
    quota = number(take(line, ' ')).value_or(0);
    period = number(line).value_or(0);
  } else {
    quota = number_in(one.directory + "/cpu.cfs_quota_us").value_or(0);
    period = number_in(one.directory + "/cpu.cfs_period_us").value_or(0);
  }
  if (quota == 0 || period == 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

// cpu.stat: lines of "key value".
void read_throttling(group const &one, cgroup_cpu &cpu) {
  auto const text = read_file(one.directory + "/cpu.stat");
  if (!text) return;
  for (std::string_view rest = *text; !rest.empty();) {
    std::string_view line = take(rest, '\n');
    std::string_view const key = take(line, ' ');
    auto const value = number(line);
    if (!value) continue;
    if (key == "nr_periods") cpu.periods = value;
    if (key == "nr_throttled") cpu.throttled_periods = value;
    if (key == "throttled_usec") cpu.throttled_seconds = static_cast<double>(*value) / 1e6;
    if (key == "throttled_time") cpu.throttled_seconds = static_cast<double>(*value) / 1e9;
  }
}

std::optional<std::uint64_t> memory_limit_of(group const &one) {
  if (one.is_v2) return number_in(one.directory + "/memory.max");
  auto const limit = number_in(one.directory + "/memory.limit_in_bytes");
  // v1 has no word for "no limit": it shows the largest multiple of a page below 2^63.
  constexpr std::uint64_t unlimited = std::uint64_t{1} << 62;
  return limit && *limit < unlimited ? limit : std::nullopt;
}

std::optional<std::uint64_t> memory_usage_of(group const &one) {
  return number_in(one.directory + (one.is_v2 ? "/memory.current" : "/memory.usage_in_bytes"));
}

}  // namespace

std::optional<cgroup_cpu> read_cgroup_cpu(cgroup_sources const &sources) {
  auto const groups = groups_of(sources, "cpu");
  group const *tightest = nullptr;
  cgroup_cpu cpu;
  for (group const &one : groups) {
    auto const quota = quota_of(one);
    if (!quota || (tightest != nullptr && *quota >= cpu.quota)) continue;
    cpu.quota = *quota;
    tightest = &one;
  }
  if (tightest == nullptr) return std::nullopt;
  read_throttling(*tightest, cpu);
  return cpu;
}

cgroup_memory read_cgroup_memory(cgroup_sources const &sources) {
  auto const groups = groups_of(sources, "memory");
  cgroup_memory memory;
  for (group const &one : groups) {
    auto const limit = memory_limit_of(one);
    if (!limit || *limit >= memory.limit_bytes.value_or(UINT64_MAX)) continue;
    memory = {.limit_bytes = limit, .usage_bytes = memory_usage_of(one)};
  }
  for (group const &one : groups) {
    if (memory.limit_bytes || memory.usage_bytes) break;
    memory.usage_bytes = memory_usage_of(one);
  }
  return memory;
}

}  // namespace loopmeter
