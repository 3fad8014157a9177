// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/base/file.hpp>

#include <loopmeter/base/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace loopmeter {

std::optional<std::string> read_file(std::string const &path, std::size_t bytes_max) {
  unique_fd const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece;  // one page: what most of these files give at most
  for (;;) {
    ssize_t const n = ::read(file.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(n));
    if (text.size() > bytes_max) return std::nullopt;
  }
}

}  // namespace loopmeter
