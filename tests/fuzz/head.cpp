// SPDX-License-Identifier: Apache-2.0
// Any bytes as the head of a request: the verdict does not depend on the cut nor on what follows,
// and an accepted head says of itself what an independent look at its lines says. By that look two
// readers cannot disagree about where the message ends.
#include <loopmeter/http/ascii.hpp>
#include <loopmeter/http/head.hpp>
#include <loopmeter/http/uri.hpp>

#include <cstdint>
#include <string>

#include "invariant.hpp"

namespace {

using namespace loopmeter::http;
using fuzz::require;

struct verdict {
  head_scanner::outcome outcome{};
  std::uint16_t status = 0;
  std::size_t head_size = 0;
  std::size_t skipped = 0;
  bool operator==(verdict const &) const = default;
};

verdict scan(std::string_view bytes, fuzz::cuts cuts, head_limits const &limits) {
  using outcome = head_scanner::outcome;
  head_scanner scanner;
  cuts.push_back(bytes.size());
  auto found = outcome::need_more;
  fuzz::exact_copy const all(bytes);
  for (auto const end : cuts) {
    found = scanner.scan(all.view().substr(0, end), limits);
    if (found != outcome::need_more) break;
  }
  if (found == outcome::need_more) return {found};
  if (found == outcome::refused) return {found, scanner.status()};
  return {found, 0, scanner.head_size(), scanner.skipped()};
}

// What the field lines of one name say, read line by line as a naive reader would.
struct lines_of {
  lines_of(std::string_view fields, std::string_view name) {
    while (!fields.empty()) {
      auto const end = fields.find("\r\n");
      require(end != std::string_view::npos, "each field line ends in CRLF");
      auto const line = fields.substr(0, end);
      fields.remove_prefix(end + 2);
      auto const colon = line.find(':');
      require(colon != std::string_view::npos && is_token(line.substr(0, colon)),
              "each field line begins with a name and a colon");
      for (char const c : line)
        require(c == '\t' || static_cast<unsigned char>(c) >= 0x20, "no control in a field line");
      if (!iequals(line.substr(0, colon), name)) continue;
      ++count;
      value = trim(line.substr(colon + 1));
    }
  }
  unsigned count = 0;
  std::string_view value;  // of the last
};

void check_framing(head const &parsed, std::string_view fields) {
  lines_of const length(fields, "content-length");
  lines_of const coding(fields, "transfer-encoding");
  lines_of const host(fields, "host");
  require(length.count + coding.count <= 1, "one field line says where the body ends");
  require(host.count == 1 || (host.count == 0 && !parsed.http_1_1), "one host");
  require(host.count == 0 || is_host_field(host.value), "the host is one");
  if (coding.count == 1) {
    require(iequals(coding.value, "chunked"), "no coding but chunked");
    require(parsed.http_1_1 && parsed.framing == body_framing::chunked, "chunked is obeyed");
  } else if (length.count == 1) {
    require(!length.value.empty(), "a length has digits");
    std::uint64_t value = 0;
    for (char const c : length.value) {
      require(is_digit(c), "a length has digits only");
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    require(value == parsed.content_length, "the length is what its digits say");
    require((value > 0) == (parsed.framing == body_framing::length), "a length is obeyed");
  } else {
    require(parsed.framing == body_framing::none && parsed.content_length == 0, "no body");
  }
}

// The same request in its plainest form is the same request.
void check_again(head const &first, std::string_view bytes) {
  auto const *base = bytes.data();
  std::string plain(name_of(first.method));
  plain += ' ';
  plain += first.target.in(base);
  plain += first.http_1_1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n";
  plain += first.fields.in(base);
  plain += "\r\n";
  head again;
  require(parse_head(plain, again) == 0, "what was accepted is accepted again");
  bool const same =
      again.method == first.method && again.http_1_1 == first.http_1_1 &&
      again.keep_alive == first.keep_alive && again.expects_continue == first.expects_continue &&
      again.framing == first.framing && again.content_length == first.content_length &&
      again.target.in(plain.data()) == first.target.in(base) &&
      again.path.in(plain.data()) == first.path.in(base) &&
      again.query.in(plain.data()) == first.query.in(base) &&
      again.fields.in(plain.data()) == first.fields.in(base);
  require(same, "and says the same");
}

void check_accepted(head const &parsed, std::string_view bytes) {
  auto const inside = [&](slice part) {
    return part.offset <= bytes.size() && part.size <= bytes.size() - part.offset;
  };
  require(
      inside(parsed.target) && inside(parsed.path) && inside(parsed.query) && inside(parsed.fields),
      "all parts lie in the head");
  auto const path = parsed.path.in(bytes.data());
  require(path.starts_with('/') || (path == "*" && parsed.method == method::options), "a path");
  require(parsed.method != method::other && parsed.method != method::connect, "a known method");
  require(!parsed.expects_continue || parsed.framing != body_framing::none,
          "100 is for bodies only");
  check_framing(parsed, parsed.fields.in(bytes.data()));
  check_again(parsed, bytes);
}

void check(std::string_view bytes, head_limits const &limits) {
  auto const whole = scan(bytes, {}, limits);
  for (auto const &cuts : fuzz::ways_to_cut(bytes))
    require(scan(bytes, cuts, limits) == whole, "the verdict does not depend on the cut");
  if (whole.outcome != head_scanner::outcome::need_more) {
    require(scan(std::string(bytes) + "GET / HTTP/1.1\r\n\r\n", {}, limits) == whole,
            "nor on what follows");
  }
  if (whole.outcome == head_scanner::outcome::refused) {
    require(whole.status == 400 || whole.status == 414 || whole.status == 431, "a status");
  }
  if (whole.outcome != head_scanner::outcome::complete) return;
  require(whole.head_size <= bytes.size() && whole.skipped <= whole.head_size, "the size");
  require(whole.head_size - whole.skipped <= limits.head_bytes_max, "within the limit");
  fuzz::exact_copy const own(bytes.substr(whole.skipped, whole.head_size - whole.skipped));
  head parsed;
  auto const status = parse_head(own.view(), parsed);
  require(status == 0 || (status >= 400 && status <= 505), "accepted, or a status that refuses");
  if (status == 0) check_accepted(parsed, own.view());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) {
  std::string_view const bytes{reinterpret_cast<char const *>(data), size};
  check(bytes, {});
  check(bytes, {.head_bytes_max = 96, .request_line_bytes_max = 40, .lines_max = 3});
  return 0;
}
