// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/thread_time.hpp>

#include <loopmeter/base/file.hpp>

#include <charconv>
#include <cstdint>
#include <ctime>
#include <string>

namespace loopmeter {

std::optional<std::chrono::nanoseconds> parse_schedstat_waiting(std::string_view text) {
  auto const first_end = text.find(' ');
  if (first_end == std::string_view::npos) return std::nullopt;
  char const *const begin = text.data() + first_end + 1;
  char const *const end = text.data() + text.size();
  std::int64_t waiting = 0;
  auto const [behind, error] = std::from_chars(begin, end, waiting);
  if (error != std::errc{} || waiting < 0 || behind == end || *behind != ' ') return std::nullopt;
  return std::chrono::nanoseconds{waiting};
}

thread_time time_of_this_thread() {
  thread_time used;
  timespec running{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &running) == 0) {
    used.running = std::chrono::seconds{running.tv_sec} + std::chrono::nanoseconds{running.tv_nsec};
  }
  if (auto const text = read_file("/proc/thread-self/schedstat")) {
    used.waiting = parse_schedstat_waiting(*text);
  }
  return used;
}

}  // namespace loopmeter
