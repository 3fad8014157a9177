// SPDX-License-Identifier: Apache-2.0
// Whatever a target answers: its series, or the line that Prometheus would not take. Each series is
// printed as it can be exposed, and what the strict checkers of our own expositions pass is read.
#include <loopcheck/queries/exposition.hpp>

#include <exposition_checker.hpp>
#include <openmetrics_checker.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "invariant.hpp"

namespace {

using namespace loopcheck;
using fuzz::require;

template <class Checked>
std::size_t samples(Checked const &checked) {
  std::size_t count = 0;
  for (auto const &family : checked.families)
    count += family.samples.size();
  return count;
}

void check(std::string_view body, exposition_format format) {
  auto const read = read_exposition(body, format);
  auto const lines = 1 + std::ranges::count(body, '\n');
  require(read.bytes == body.size(), "all is counted");
  int last = 0;
  for (auto const &each : read.series) {
    require(last < each.line && each.line <= lines, "one series a line, by line");
    last = each.line;
    require(!each.name.empty(), "a series has a name");
    auto const printed = loopcheck::text(each) + " 1\n";
    auto const again = read_exposition(printed, exposition_format::text);
    bool const same = !again.error && again.series.size() == 1 &&
                      again.series.front().name == each.name &&
                      again.series.front().labels == each.labels;
    if (!same) std::fprintf(stderr, "%s", printed.c_str());
    require(same, "what is printed of a series is read as the same");
  }
  if (read.error) {
    require(last <= read.error->line && read.error->line <= lines, "the error is behind them");
    require(!read.error->what.empty() && read.error->what.find('\n') == std::string::npos,
            "an error is one line");
  }
  bool const text = format == exposition_format::text;
  std::size_t count = 0;
  if (text) {
    auto const checked = loopmeter::test::check_exposition(std::string(body));
    if (!checked.findings_text().empty()) return;
    count = samples(checked);
  } else {
    auto const checked = loopmeter::test::check_openmetrics(std::string(body));
    if (!checked.findings_text().empty()) return;
    count = samples(checked);
  }
  if (read.error) std::fprintf(stderr, "%d: %s\n", read.error->line, read.error->what.c_str());
  require(!read.error && read.series.size() == count, "what is valid is read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  fuzz::exact_copy const bytes({reinterpret_cast<char const *>(data), size});
  check(bytes.view(), exposition_format::text);
  check(bytes.view(), exposition_format::openmetrics);
  return 0;
}
