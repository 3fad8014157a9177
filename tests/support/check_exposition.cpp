// SPDX-License-Identifier: Apache-2.0
// check-exposition [--openmetrics] [FILE]: prints what is wrong with an exposition in text 0.0.4,
// or in OpenMetrics 1.0.0 (standard input by default), one finding a line. Exit code 0: nothing; 1:
// something; 2: it could not be read.
#include "exposition_checker.hpp"
#include "openmetrics_checker.hpp"

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

int usage() {
  std::fputs("usage: check-exposition [--openmetrics] [FILE]\n", stderr);
  return 2;
}

// Of either checker.
template <class Checked>
int report(Checked const &checked) {
  std::size_t samples = 0;
  for (auto const &family : checked.families)
    samples += family.samples.size();
  std::fputs(checked.findings_text().c_str(), stdout);
  std::fprintf(stderr, "%zu families, %zu samples, %zu findings\n", checked.families.size(),
               samples, checked.findings.size());
  return checked.findings.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) {
  std::vector<std::string_view> arguments(argv + 1, argv + argc);
  bool const is_openmetrics = !arguments.empty() && arguments.front() == "--openmetrics";
  if (is_openmetrics) arguments.erase(arguments.begin());
  if (arguments.size() > 1) return usage();
  std::ifstream file;
  if (!arguments.empty()) {
    std::string const name{arguments.front()};
    if (name.starts_with("--")) return usage();
    file.open(name, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "check-exposition: cannot read %s\n", name.c_str());
      return 2;
    }
  }
  std::istream &in = file.is_open() ? file : std::cin;
  std::string const bytes{std::istreambuf_iterator<char>{in}, {}};
  return is_openmetrics ? report(loopmeter::test::check_openmetrics(bytes))
                        : report(loopmeter::test::check_exposition(bytes));
}
