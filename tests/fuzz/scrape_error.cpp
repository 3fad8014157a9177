// SPDX-License-Identifier: Apache-2.0
// Whatever a target's lastError is, and its URL (what stands behind the first NUL): a cause that
// the table has, in one line, and the same again with what Prometheus puts in front of it.
#include <loopcheck/links/scrape_error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "invariant.hpp"

namespace {

using namespace loopcheck;
using fuzz::require;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  fuzz::exact_copy const bytes({reinterpret_cast<char const *>(data), size});
  auto const whole = bytes.view();
  auto const cut = std::min(whole.find('\0'), whole.size());
  auto const error = whole.substr(0, cut);
  auto const url = whole.substr(std::min(cut + 1, whole.size()));
  auto const read = read_scrape_error(error, url);
  require((read.cause == scrape_cause::none) == error.empty(), "no error, no cause");
  auto const &row = row_of(read.cause);
  require(row.cause == read.cause && read.fix == row.fix, "the table has it");
  require(read.words.starts_with(row.words), "in its words");
  require(read.words.find('\n') == std::string::npos, "in one line");
  require(!read.status || error.find("HTTP status") != error.npos, "a status is one of the text");
  return 0;
}
