// SPDX-License-Identifier: Apache-2.0
#include "kustomize.hpp"

#include <string>
#include <vector>

#include <loopcheck/objects/input_error.hpp>

#include "process.hpp"

namespace loopcheck {

std::string rendered(std::string const &folder) {
  for (auto const &program : {std::vector<std::string>{"kubectl", "kustomize"},
                              std::vector<std::string>{"kustomize", "build"}}) {
    process_request request;
    request.arguments = program;
    request.arguments.push_back(folder);
    auto const done = run(request);
    using end = process_result::end;
    if (done.how == end::missing) continue;
    if (done.how == end::exited && done.code == 0) return done.output;
    auto const words = done.errors.substr(0, done.errors.find('\n'));
    throw input_error(folder, {},
                      program[0] + " " + program[1] + ": " +
                          (done.how == end::timed_out ? "took too long"
                           : words.empty()            ? "failed"
                                                      : words));
  }
  throw input_error(folder, {},
                    "a kustomization, and neither kubectl nor kustomize is installed to "
                    "render it");
}

}  // namespace loopcheck
