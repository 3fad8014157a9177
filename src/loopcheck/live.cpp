// SPDX-License-Identifier: Apache-2.0
// The command that looks at a cluster: objects through kubectl → prediction → what runs → the nine
// links → a report; again and again with --wait.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <loopcheck/sources/interruption.hpp>
#include <loopcheck/sources/kubectl_cluster.hpp>
#include <loopmeter/base/log.hpp>

#include "commands.hpp"
#include "flags.hpp"
#include "look.hpp"

namespace loopcheck {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::seconds pause{2};

void say(std::string const &line) {
  std::fprintf(stderr, "loopcheck: %s\n", loopmeter::log::printable(line).c_str());
}

kubectl_options kubectl_of(kubectl_flags const &flags) {
  kubectl_options made;
  if (auto const *const program = std::getenv("KUBECTL"); program != nullptr && *program != '\0')
    made.program = program;
  made.context = flags.context;
  made.kubeconfig = flags.kubeconfig;
  made.as = flags.as;
  made.request_timeout = flags.request_timeout;
  return made;
}

int status_of(access_failure const &why) noexcept {
  bool const ours =
      why.kind == access_error::tool_missing || why.kind == access_error::bad_configuration;
  return ours ? exit_bad_input : exit_undecided;
}

std::string state_of(look const &made) {
  auto const &found = made.found();
  if (found.first_broken) {
    auto const &first = found.all[*found.first_broken];
    return "link " + std::to_string(static_cast<int>(first.link())) + ", " +
           std::string(text(first.link())) + ": " + first.code + " " + first.object.text() + ": " +
           first.found;
  }
  for (auto const &each : found.all)
    if (each.severity == severity::undecided) return each.code + ": " + each.found;
  return "the chain is whole";
}

// Says each state once, with the seconds since the beginning.
class progress {
 public:
  explicit progress(bool wanted) : wanted_(wanted) {}
  void at(std::string const &state) {
    if (!wanted_ || state == last_) return;
    last_ = state;
    auto const seconds =
        std::chrono::duration_cast<std::chrono::seconds>(clock::now() - start_).count();
    say(std::to_string(seconds) + " s: " + state);
  }

 private:
  bool wanted_;
  clock::time_point start_ = clock::now();
  std::string last_;
};

}  // namespace

int run_live(options const &chosen) {
  interruption::install();
  kubectl_cluster through(kubectl_of(chosen.kubectl));
  auto asked = look_options::of(chosen);
  if (!chosen.all_spaces) {
    auto space =
        chosen.space.empty() ? through.default_namespace() : outcome<std::string>(chosen.space);
    if (!space) {
      say(space.why().words);
      return status_of(space.why());
    }
    asked.space = std::move(*space);
  }
  auto const until = clock::now() + chosen.wait.value_or(std::chrono::milliseconds(0));
  progress told(chosen.wait.has_value());
  for (;;) {
    bool const last = clock::now() + pause >= until;
    try {
      auto const made = look::at(through, asked);
      if (interruption::requested()) interruption::end();
      if (made) {
        told.at(state_of(**made));
        auto const &found = (*made)->found();
        if (last || (!found.first_broken && !found.undecided))
          return print((*made)->told(), chosen.output);
      } else if (last || status_of(made.why()) == exit_bad_input) {
        say(made.why().words);
        return status_of(made.why());
      } else {
        told.at(made.why().words);
      }
    } catch (nothing_to_check const &nothing) {  // yet
      if (last) throw;
      told.at(nothing.what());
    }
    if (!interruption::sleep_until(std::min(until, clock::now() + pause))) interruption::end();
  }
}

}  // namespace loopcheck
