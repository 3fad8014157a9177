// SPDX-License-Identifier: Apache-2.0
// Any bytes as all that comes over a connection: scanner, parser and decoder in the order of the
// wire read the same requests out of it however it is cut, and what was refused is the last.
#include <cstdint>

#include <http/reader.hpp>

#include "invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  std::string_view const bytes{reinterpret_cast<char const *>(data), size};
  loopmeter::http::head_limits const head{
      .head_bytes_max = 1024, .request_line_bytes_max = 512, .lines_max = 16};
  loopmeter::http::body_limits const body{
      .body_bytes_max = 512, .chunk_extension_bytes_max = 64, .trailer_bytes_max = 64};
  auto const whole = test::read_in_pieces(bytes, {}, test::reader(head, body));
  for (auto const &cuts : fuzz::ways_to_cut(bytes, 0)) {
    auto const pieces = test::read_in_pieces(bytes, cuts, test::reader(head, body));
    fuzz::require(pieces.requests == whole.requests, "the cut does not change the requests");
    fuzz::require(pieces.closed == whole.closed, "nor whether the connection goes on");
    fuzz::require(pieces.pending() == whole.pending(), "nor whether one is under way");
  }
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    bool const last = i + 1 == whole.requests.size();
    fuzz::require(last || whole.requests[i].status == 0, "nothing is read behind a refusal");
    fuzz::require(last || whole.requests[i].keep_alive, "nor behind the last request");
  }
  return 0;
}
