// SPDX-License-Identifier: Apache-2.0
// A library to preload: the wall clock is as many seconds ahead as the file SHIFTED_CLOCK says
// (eight octets, read anew each time), and every other clock is what it is. It asks the kernel
// itself and allocates nothing: an allocator may read the clock before anything else has begun.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

std::int64_t const volatile *map_file() noexcept {
  char const *path = std::getenv("SHIFTED_CLOCK");
  if (path == nullptr) return nullptr;
  int const file = ::open(path, O_RDONLY | O_CLOEXEC);
  void *mapped = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::int64_t const volatile *>(mapped);
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec *now) noexcept {
  static auto const *ahead = map_file();
  auto const result = static_cast<int>(::syscall(SYS_clock_gettime, id, now));
  bool const wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
  if (result == 0 && wall && ahead != nullptr) now->tv_sec += *ahead;
  return result;
}
