// SPDX-License-Identifier: Apache-2.0
// Any bytes as a body: verdict, content and octets used do not depend on the cut, limits hold, and
// a whole chunked body has the content that a naive reader of whole bodies finds.
#include <loopmeter/http/ascii.hpp>
#include <loopmeter/http/body.hpp>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "invariant.hpp"

namespace {

using namespace loopmeter::http;
using fuzz::require;
using outcome = body_decoder::outcome;

struct verdict {
  body_decoder::outcome outcome{};
  std::uint16_t status = 0;
  std::string content;
  std::size_t consumed = 0;
  bool operator==(verdict const &) const = default;
};

struct framed {
  body_framing framing = body_framing::chunked;
  std::uint64_t content_length = 0;
  body_limits limits{};
};

// As a connection does it: what was not used comes again, with what has come since.
verdict decode(std::string_view bytes, fuzz::cuts cuts, framed const &how) {
  body_decoder decoder(how.framing, how.content_length);
  verdict result{.outcome = outcome::need_more};
  cuts.push_back(bytes.size());
  fuzz::exact_copy const all(bytes);
  for (auto const end : cuts) {
    auto const seen = all.view().substr(result.consumed, end - result.consumed);
    std::size_t consumed = 0;
    result.outcome = decoder.decode(seen, result.content, how.limits, consumed);
    require(consumed <= seen.size(), "no more is used than there is");
    result.consumed += consumed;
    if (result.outcome != outcome::need_more) break;
    require(consumed == seen.size(), "all is used while more is needed");
  }
  if (result.outcome == outcome::refused) {
    result.status = decoder.status();
    std::size_t consumed = 0;
    require(decoder.decode("0\r\n\r\n", result.content, how.limits, consumed) == outcome::refused,
            "a refusal is final");
  }
  return result;
}

// Of a body that is known to be whole; knows no limits, judges nothing.
std::string naive_content(std::string_view body) {
  std::string content;
  for (;;) {
    std::uint64_t size = 0;
    auto const line_end = body.find("\r\n");
    require(line_end != std::string_view::npos, "a size line has an end");
    auto const parsed = std::from_chars(body.data(), body.data() + line_end, size, 16);
    require(parsed.ec == std::errc{}, "a size line begins with digits");
    body.remove_prefix(line_end + 2);
    if (size == 0) break;
    require(size + 2 <= body.size() && body.substr(size, 2) == "\r\n", "a chunk ends in CRLF");
    content += body.substr(0, size);
    body.remove_prefix(size + 2);
  }
  while (!body.starts_with("\r\n")) {
    auto const line_end = body.find("\r\n");
    require(line_end != std::string_view::npos, "a trailer line has an end");
    require(body.substr(0, line_end).find(':') != std::string_view::npos, "and a name");
    body.remove_prefix(line_end + 2);
  }
  require(body.size() == 2, "nothing is used behind the last line");
  return content;
}

void check(std::string_view bytes, framed const &how) {
  auto const whole = decode(bytes, {}, how);
  for (auto const &cuts : fuzz::ways_to_cut(bytes))
    require(decode(bytes, cuts, how) == whole, "the verdict does not depend on the cut");
  require(whole.content.size() <= how.limits.body_bytes_max, "within the limit");
  require((whole.outcome == outcome::refused) ==
              (whole.status == 400 || whole.status == 413 || whole.status == 431),
          "a status that refuses");
  if (whole.outcome != outcome::complete) return;
  auto const used = bytes.substr(0, whole.consumed);
  if (how.framing == body_framing::chunked) {
    require(naive_content(used) == whole.content, "the content is what anybody finds");
  } else {
    require(used == whole.content && used.size() == how.content_length, "the content is the body");
  }
  require(decode(used, {}, how) == whole, "what follows does not matter");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  std::string_view const bytes{reinterpret_cast<char const *>(data), size};
  body_limits const tight{
      .body_bytes_max = 40, .chunk_extension_bytes_max = 12, .trailer_bytes_max = 16};
  check(bytes, {});
  check(bytes, {.limits = tight});
  if (!bytes.empty()) {
    check(bytes.substr(1),
          {.framing = body_framing::length, .content_length = data[0] % 64U, .limits = tight});
  }
  return 0;
}
