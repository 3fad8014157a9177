// SPDX-License-Identifier: Apache-2.0
// Test support: what a connection does with the bytes it receives, without the connection. Scanner,
// parser and decoder in the order of the wire, one request after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <loopmeter/http/body.hpp>
#include <loopmeter/http/head.hpp>

namespace test {

/// A parsed head. Owns exactly the bytes, so that a read behind them is an error that a sanitizer
/// sees.
struct parsed {
  explicit parsed(std::string_view bytes)
      : copy(std::make_unique<char[]>(bytes.size())), size(bytes.size()) {
    bytes.copy(copy.get(), size);
    status = loopmeter::http::parse_head({copy.get(), size}, head);
  }
  std::string_view in(loopmeter::http::slice s) const { return s.in(copy.get()); }

  std::unique_ptr<char[]> copy;
  std::size_t size;
  loopmeter::http::head head;
  std::uint16_t status = 0;
};

/// What became of one request.
struct request_read {
  std::uint16_t status = 0;  // 0: accepted; else what refuses it
  std::string target;
  std::string content;
  bool keep_alive = false;

  friend bool operator==(request_read const &, request_read const &) = default;
  friend std::ostream &operator<<(std::ostream &out, request_read const &r) {
    return out << r.status << " target=" << r.target.size() << " content=" << r.content.size()
               << " keep_alive=" << r.keep_alive;
  }
};

class reader {
 public:
  explicit reader(loopmeter::http::head_limits const &head_limits = {},
                  loopmeter::http::body_limits const &body_limits = {})
      : head_limits_(head_limits), body_limits_(body_limits) {}

  /// The next piece from the wire. The bytes are moved each time, into exactly their size, so that
  /// a kept pointer or a read behind the end is found by the address sanitizer.
  void receive(std::string_view piece) {
    std::vector<char> moved;
    moved.reserve(bytes_.size() + piece.size());
    moved.insert(moved.end(), bytes_.begin(), bytes_.end());
    moved.insert(moved.end(), piece.begin(), piece.end());
    bytes_.swap(moved);
    while (!closed && (in_body_ ? read_body() : read_head())) {
    }
  }

  std::vector<request_read> requests;
  bool closed = false;  // after a refusal, or a request that was the last

  /// Whether a request has begun and is not complete.
  bool pending() const { return !closed && (in_body_ || !bytes_.empty()); }
  bool expects_continue() const { return in_body_ && head_.expects_continue; }

 private:
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

  bool finish(std::uint16_t status) {
    current_.status = status;
    current_.keep_alive = status == 0 && head_.keep_alive;
    closed = !current_.keep_alive;
    requests.push_back(current_);
    current_ = {};
    scanner_ = {};
    in_body_ = false;
    return true;
  }

  bool read_head() {
    using outcome = loopmeter::http::head_scanner::outcome;
    auto const result = scanner_.scan(view(), head_limits_);
    if (result == outcome::need_more) return false;
    if (result == outcome::refused) return finish(scanner_.status());
    auto const size = static_cast<std::ptrdiff_t>(scanner_.head_size());
    std::vector<char> const own(bytes_.begin() + static_cast<std::ptrdiff_t>(scanner_.skipped()),
                                bytes_.begin() + size);
    auto const status = loopmeter::http::parse_head({own.data(), own.size()}, head_);
    if (status != 0) return finish(status);
    current_.target = head_.target.in(own.data());
    bytes_.erase(bytes_.begin(), bytes_.begin() + size);
    decoder_ = {head_.framing, head_.content_length};
    in_body_ = true;
    return true;
  }

  bool read_body() {
    using outcome = loopmeter::http::body_decoder::outcome;
    std::size_t consumed = 0;
    auto const result = decoder_.decode(view(), current_.content, body_limits_, consumed);
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(consumed));
    if (result == outcome::need_more) return false;
    return finish(result == outcome::refused ? decoder_.status() : std::uint16_t{0});
  }

  loopmeter::http::head_limits head_limits_;
  loopmeter::http::body_limits body_limits_;
  std::vector<char> bytes_;
  loopmeter::http::head_scanner scanner_;
  loopmeter::http::head head_;
  loopmeter::http::body_decoder decoder_;
  request_read current_;
  bool in_body_ = false;
};

/// The bytes in pieces that end at `cuts` (ascending) and at the end.
inline reader read_in_pieces(std::string_view bytes, std::vector<std::size_t> const &cuts,
                             reader from = reader{}) {
  std::size_t begin = 0;
  for (auto const cut : cuts) {
    from.receive(bytes.substr(begin, cut - begin));
    begin = cut;
  }
  from.receive(bytes.substr(begin));
  return from;
}

inline std::vector<std::size_t> every_octet(std::string_view bytes) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < bytes.size(); ++i)
    cuts.push_back(i);
  return cuts;
}

/// For messages in which every octet must be seen.
inline std::string escaped(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : bytes.substr(0, 200)) {
    auto const octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', digits[octet >> 4U], digits[octet & 15U]};
    }
  }
  return out;
}

}  // namespace test
