// SPDX-License-Identifier: Apache-2.0
// A process that runs out of descriptors.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>

#include <utility>
#include <vector>

#include <loopmeter/base/unique_fd.hpp>

namespace test {

/// Takes all descriptors of the process but `left`, and gives them back.
class shortage {
 public:
  explicit shortage(int left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto tight = before_;
    tight.rlim_cur = 256;
    ::setrlimit(RLIMIT_NOFILE, &tight);
    for (;;) {
      loopmeter::unique_fd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!one) break;
      taken_.push_back(std::move(one));
    }
    for (int i = 0; i < left; ++i)
      taken_.pop_back();
  }
  ~shortage() {
    taken_.clear();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<loopmeter::unique_fd> taken_;
};

}  // namespace test
