// SPDX-License-Identifier: Apache-2.0
// check-exposition [FILE]: prints what is wrong with a text 0.0.4 exposition (standard input by
// default), one finding a line. Exit code 0: nothing; 1: something; 2: it could not be read.
#include "exposition_checker.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

int main(int argc, char **argv) {
  std::ifstream file;
  if (argc > 2 || (argc == 2 && std::string{argv[1]} == "--help")) {
    std::fputs("usage: check-exposition [FILE]\n", stderr);
    return 2;
  }
  if (argc == 2) {
    file.open(argv[1], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "check-exposition: cannot read %s\n", argv[1]);
      return 2;
    }
  }
  std::istream &in = argc == 2 ? file : std::cin;
  std::string const bytes{std::istreambuf_iterator<char>{in}, {}};
  auto const checked = loopmeter::test::check_exposition(bytes);
  std::fputs(checked.findings_text().c_str(), stdout);
  std::fprintf(stderr, "%zu families, %zu samples, %zu findings\n", checked.families.size(),
               checked.sample_count(), checked.findings.size());
  return checked.findings.empty() ? 0 : 1;
}
