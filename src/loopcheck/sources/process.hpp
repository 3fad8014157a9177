// SPDX-License-Identifier: Apache-2.0
// One run of another program: no shell, bounded in time and in what it may say.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace loopcheck {

struct process_request {
  std::vector<std::string> arguments;  ///< the program first, looked for in PATH
  std::size_t output_bytes_max = 64u << 20;
  std::chrono::milliseconds timeout{60'000};
};

struct process_result {
  enum class end {
    exited,
    signalled,
    missing,      ///< no such program
    not_started,  ///< `code` is the errno
    timed_out,    ///< it was killed then, as in the next two
    too_large,
    interrupted,
  };
  end how = end::not_started;
  int code = 0;        ///< exit status, signal or errno
  std::string output;  ///< stdout; only whole where it exited
  std::string errors;  ///< stderr, its first 64 KiB
};

/// Waits for it. Stdin is empty, the environment is ours. What the program itself started and left
/// behind is not waited for. Thread-safe.
process_result run(process_request const &request);

}  // namespace loopcheck
