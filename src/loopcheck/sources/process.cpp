// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <loopmeter/base/unique_fd.hpp>

#include "interruption.hpp"

extern char **environ;

namespace loopcheck {

namespace {

using clock = std::chrono::steady_clock;
using loopmeter::unique_fd;
using end = process_result::end;

constexpr std::size_t errors_bytes_max = 64u << 10;

struct pipe_ends {
  unique_fd read, write;
};

bool open_pipe(pipe_ends &to) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  to.read.reset(ends[0]);
  to.write.reset(ends[1]);
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

/// What the child's descriptors and signals are to be.
class spawn_setup {
 public:
  spawn_setup() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  spawn_setup(spawn_setup const &) = delete;
  spawn_setup &operator=(spawn_setup const &) = delete;
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int spawn(pid_t &child, std::vector<std::string> const &arguments, int output, int errors) {
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    sigset_t set;
    ::sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes_, &set);
    for (int const each : {SIGINT, SIGTERM, SIGPIPE})
      ::sigaddset(&set, each);
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<char *> argv;
    for (auto const &each : arguments)
      argv.push_back(const_cast<char *>(each.c_str()));  // POSIX: they are not written to
    argv.push_back(nullptr);
    return ::posix_spawnp(&child, argv[0], &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// Takes what is there. False at the end of the stream.
bool drain(int from, std::string &to, std::size_t keep_max, bool &passed_max) {
  std::array<char, 64u << 10> piece;
  for (;;) {
    auto const got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    auto const size = static_cast<std::size_t>(got);
    auto const room = keep_max - std::min(keep_max, to.size());
    to.append(piece.data(), std::min(size, room));
    if (size > room) passed_max = true;
    if (passed_max) return true;  // whoever calls decides whether to go on
  }
}

class running {
 public:
  running(pid_t child, unique_fd output, unique_fd errors)
      : child_(child),
        // glibc 2.36 declares pidfd_open for C alone.
        exit_(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))),
        output_(std::move(output)),
        errors_(std::move(errors)) {}

  process_result wait(process_request const &request) {
    auto const until = clock::now() + request.timeout;
    process_result result;
    result.how = end::exited;
    while (step(request, until, result)) {
    }
    if (result.how != end::exited) ::kill(child_, SIGKILL);
    reap(result);
    return result;
  }

 private:
  /// False once it has ended, or is to be ended.
  bool step(process_request const &request, clock::time_point until, process_result &result) {
    auto const left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
    if (left <= 0) return result.how = end::timed_out, false;
    // Without a pidfd (an old kernel, a sandbox) the child is asked from time to time.
    auto const wait = exit_ ? left : std::min<decltype(left)>(left, 20);
    pollfd wanted[] = {{exit_.get(), POLLIN, 0},
                       {output_.get(), POLLIN, 0},
                       {errors_.get(), POLLIN, 0},
                       {interruption::descriptor(), POLLIN, 0}};
    auto const timeout = static_cast<int>(std::min<decltype(wait)>(wait, 60'000));
    if (::poll(wanted, std::size(wanted), timeout) < 0 && errno != EINTR) {
      result.code = errno;
      return result.how = end::not_started, false;
    }
    if (wanted[3].revents != 0) return result.how = end::interrupted, false;
    bool const ended = exit_ ? wanted[0].revents != 0 : has_ended();
    bool too_much = false, ignored = false;
    if (output_ && !drain(output_.get(), result.output, request.output_bytes_max, too_much))
      output_.reset();
    if (too_much) return result.how = end::too_large, false;
    if (errors_ && !drain(errors_.get(), result.errors, errors_bytes_max, ignored)) errors_.reset();
    return !ended;
  }

  bool has_ended() {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child_;
  }

  void reap(process_result &result) {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    if (result.how != end::exited) return;
    if (WIFSIGNALED(status)) result.how = end::signalled;
    result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  }

  pid_t child_;
  unique_fd exit_, output_, errors_;
};

}  // namespace

process_result run(process_request const &request) {
  process_result result;
  if (interruption::requested()) {
    result.how = end::interrupted;
    return result;
  }
  pipe_ends output, errors;
  if (!open_pipe(output) || !open_pipe(errors)) {
    result.code = errno;
    return result;
  }
  pid_t child = 0;
  int const failed =
      spawn_setup().spawn(child, request.arguments, output.write.get(), errors.write.get());
  if (failed != 0) {
    result.how = failed == ENOENT ? end::missing : end::not_started;
    result.code = failed;
    return result;
  }
  output.write.reset();
  errors.write.reset();
  return running(child, std::move(output.read), std::move(errors.read)).wait(request);
}

}  // namespace loopcheck
