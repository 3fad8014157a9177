// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/thread_time.hpp>

#include <loopmeter/base/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>

namespace loopmeter {

std::optional<std::chrono::nanoseconds> parse_schedstat_waiting(std::string_view text) noexcept {
  auto const first_end = text.find(' ');
  if (first_end == std::string_view::npos) return std::nullopt;
  char const *const begin = text.data() + first_end + 1;
  char const *const end = text.data() + text.size();
  std::int64_t waiting = 0;
  auto const [behind, error] = std::from_chars(begin, end, waiting);
  if (error != std::errc{} || waiting < 0 || behind == end || *behind != ' ') return std::nullopt;
  return std::chrono::nanoseconds{waiting};
}

thread_time time_of_this_thread() noexcept {
  thread_time used;
  timespec running{};
  if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &running) == 0) {
    used.running = std::chrono::seconds{running.tv_sec} + std::chrono::nanoseconds{running.tv_nsec};
  }
  unique_fd const file{::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)};
  if (!file) return used;
  std::array<char, 80> text;  // three numbers of up to 20 digits; all come with the first read
  auto const size = ::read(file.get(), text.data(), text.size());
  if (size > 0)
    used.waiting = parse_schedstat_waiting({text.data(), static_cast<std::size_t>(size)});
  return used;
}

}  // namespace loopmeter
