// SPDX-License-Identifier: Apache-2.0
// What each command does. Each returns the exit status.
#pragma once

#include "options.hpp"

namespace loopcheck {

enum exit_status : int {
  exit_whole = 0,
  exit_broken = 1,
  exit_bad_input = 2,
  exit_undecided = 3,
};

int run_manifests(options const &chosen);
int run_live(options const &chosen);
int run_serve(options const &chosen);
int run_predict(options const &chosen);
int run_explain(options const &chosen);

/// To stdout, whole. Throws std::system_error.
void print(std::string const &text);

}  // namespace loopcheck
