// SPDX-License-Identifier: Apache-2.0
// loopcheck: the first broken link of the chain. Read on in commands.hpp.
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <loopcheck/objects/input_error.hpp>
#include <loopmeter/base/log.hpp>

#include "commands.hpp"

namespace loopcheck {

void print(std::string const &text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return;
  }
  throw std::system_error(errno, std::system_category(), "cannot write to standard output");
}

namespace {

int run(options const &chosen) {
  if (chosen.help) print(help_text());
  if (chosen.version) print(version_text());
  switch (chosen.asked) {
    case command::manifests:
      return run_manifests(chosen);
    case command::live:
      return run_live(chosen);
    case command::serve:
      return run_serve(chosen);
    case command::predict:
      return run_predict(chosen);
    case command::explain:
      return run_explain(chosen);
    case command::none:
      break;
  }
  return exit_whole;
}

// One line, whatever was read: a terminal must not obey what an input contains.
int complain(char const *what, int status) {
  std::fprintf(stderr, "loopcheck: %s\n", loopmeter::log::printable(what).c_str());
  return status;
}

}  // namespace
}  // namespace loopcheck

int main(int argc, char **argv) {
  using namespace loopcheck;
  try {
    return run(parse_options({argv + 1, argv + argc}));
  } catch (std::exception const &e) {
    return complain(e.what(), exit_bad_input);
  }
}
