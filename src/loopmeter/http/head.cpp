// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/head.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstring>

#include <loopmeter/http/ascii.hpp>
#include <loopmeter/http/uri.hpp>

namespace loopmeter::http {

namespace {

namespace beast = boost::beast;
using beast::http::field;

std::string_view view(beast::string_view s) noexcept {
  return {s.data(), s.size()};
}

// Calls `each` with every element of a comma-separated list, trimmed; empty ones too.
template <class Each>
void for_each_element(std::string_view list, Each each) {
  for (;;) {
    auto const comma = std::min(list.find(','), list.size());
    each(trim(list.substr(0, comma)));
    if (comma == list.size()) return;
    list.remove_prefix(comma + 1);
  }
}

enum class coding : std::uint8_t { none, chunked, unknown, malformed };

// `chunked` alone is the coding that we speak. Unknown ones are told apart from malformed lists, in
// which chunked is not the last and only once (RFC 9112 sections 6.1 and 6.3).
coding coding_of(std::string_view list) noexcept {
  std::size_t elements = 0;
  bool chunked_last = false;
  bool well_formed = true;
  for_each_element(list, [&](std::string_view element) {
    well_formed = well_formed && is_token(element) && !chunked_last;
    chunked_last = iequals(element, "chunked");
    ++elements;
  });
  if (!well_formed || (elements > 1 && !chunked_last)) return coding::malformed;
  return elements == 1 && chunked_last ? coding::chunked : coding::unknown;
}

// Beast's grammar. Of the field lines only verdicts are kept: a value that was folded lies in a
// buffer of Beast's that does not outlive the call.
class grammar final : public beast::http::basic_parser<true> {
 public:
  grammar() {
    header_limit(0xffffffffU);  // head_limits were applied by the scanner
    body_limit(boost::none);    // the connection judges the length
  }

  std::string_view method;
  std::string_view target;
  bool http_1_1 = true;
  unsigned host_lines = 0;
  bool host_valid = false;
  unsigned content_length_lines = 0;
  bool content_length_is_list = false;
  unsigned transfer_encoding_lines = 0;
  coding transfer_coding = coding::none;
  bool says_close = false;
  bool says_keep_alive = false;
  bool expects_continue = false;
  bool expects_something_else = false;

 private:
  using error_code = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view method_token,
                       beast::string_view request_target, int version, error_code &ec) override {
    method = view(method_token);
    target = view(request_target);
    http_1_1 = version == 11;
    ec = {};
  }

  void on_field_impl(field name, beast::string_view, beast::string_view value,
                     error_code &ec) override {
    ec = {};
    auto const text = view(value);
    switch (name) {
      case field::host:
        ++host_lines;
        host_valid = is_host_field(text);
        break;
      case field::content_length:
        ++content_length_lines;
        content_length_is_list = text.find(',') != std::string_view::npos;
        break;
      case field::transfer_encoding:
        ++transfer_encoding_lines;
        transfer_coding = coding_of(text);
        break;
      case field::connection:
        for_each_element(text, [this](std::string_view element) {
          says_close = says_close || iequals(element, "close");
          says_keep_alive = says_keep_alive || iequals(element, "keep-alive");
        });
        break;
      case field::expect:
        for_each_element(text, [this](std::string_view element) {
          bool const is_continue = iequals(element, "100-continue");
          expects_continue = expects_continue || is_continue;
          expects_something_else = expects_something_else || !(is_continue || element.empty());
        });
        break;
      default:
        break;
    }
  }

  void on_response_impl(int, beast::string_view, int, error_code &ec) override { ec = {}; }
  void on_header_impl(error_code &ec) override { ec = {}; }
  void on_body_init_impl(boost::optional<std::uint64_t> const &, error_code &ec) override {
    ec = {};
  }
  std::size_t on_body_impl(beast::string_view s, error_code &ec) override {
    ec = {};
    return s.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code &ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view s, error_code &ec) override {
    ec = {};
    return s.size();
  }
  void on_finish_impl(error_code &ec) override { ec = {}; }
};

// Consumes `bytes` to their last octet, or says false.
bool put_all(grammar &parser, std::string_view bytes) noexcept {
  beast::error_code ec;
  auto const consumed = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  return !ec && consumed == bytes.size() && parser.is_header_done();
}

// Beast read a method and a target, and then something that is neither HTTP/1.0 nor HTTP/1.1.
// "HTTP/d.d" with another major version is 505. A higher minor one is read as the highest that we
// know (RFC 9110 section 2.5): Beast gets a request line in its place and then the fields.
std::uint16_t parse_other_version(std::string_view bytes, grammar &parser) noexcept {
  auto const line = bytes.substr(0, bytes.find('\r'));
  auto const method_end = std::min(line.find(' '), line.size());
  auto const target_end = std::min(line.find(' ', method_end + 1), line.size());
  auto const version = line.substr(std::min(target_end + 1, line.size()));
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return 400;
  }
  if (version[5] != '1') return 505;
  if (version[7] < '2') return 400;  // fine itself, so it is what follows that is not

  static constexpr std::string_view stand_in = "GET / HTTP/1.1\r\n";
  put_all(parser, stand_in);  // false, since fields are still to come
  parser.method = line.substr(0, method_end);
  parser.target = line.substr(method_end + 1, target_end - method_end - 1);
  return put_all(parser, bytes.substr(std::min(line.size() + 2, bytes.size()))) ? 0 : 400;
}

std::uint16_t parse_grammar(std::string_view bytes, grammar &parser) noexcept {
  beast::error_code ec;
  auto const consumed = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec == beast::http::error::bad_version) return parse_other_version(bytes, parser);
  return !ec && consumed == bytes.size() && parser.is_header_done() ? 0 : 400;
}

// Message framing (RFC 9112 section 6.3). Whatever two readers could read differently is refused:
// that is what request smuggling lives on.
std::uint16_t check_framing(grammar const &parsed, head &out) noexcept {
  if (parsed.transfer_encoding_lines > 0) {
    if (!out.http_1_1 || parsed.content_length_lines > 0 || parsed.transfer_encoding_lines > 1) {
      return 400;
    }
    if (parsed.transfer_coding == coding::unknown) return 501;
    if (parsed.transfer_coding != coding::chunked) return 400;
    out.framing = body_framing::chunked;
  } else if (parsed.content_length_lines > 0) {
    if (parsed.content_length_lines > 1 || parsed.content_length_is_list) return 400;
    out.content_length = parsed.content_length().value_or(0);
    out.framing = out.content_length > 0 ? body_framing::length : body_framing::none;
  }
  return 0;
}

std::uint16_t check_host(grammar const &parsed, head const &out) noexcept {
  if (parsed.host_lines == 0) return out.http_1_1 ? 400 : 0;
  return parsed.host_lines == 1 && parsed.host_valid ? 0 : 400;
}

std::uint16_t check_target(std::string_view bytes, std::string_view target, head &out) noexcept {
  auto const place = [bytes](std::string_view part) {
    return slice{static_cast<std::uint32_t>(part.data() - bytes.data()),
                 static_cast<std::uint32_t>(part.size())};
  };
  out.target = place(target);
  if (out.method == method::connect) return is_authority_with_port(target) ? 0 : 400;
  target_parts parts;
  if (!split_target(target, parts)) return 400;
  if (parts.path == "*" && out.method != method::options) return 400;
  out.path = place(parts.path);
  out.query = place(parts.query);
  return 0;
}

}  // namespace

head_scanner::outcome head_scanner::refuse(bound exceeded) noexcept {
  refused_ = true;
  exceeded_ = exceeded;
  return outcome::refused;
}

head_scanner::outcome head_scanner::end_of_line(std::string_view line,
                                                head_limits const &limits) noexcept {
  if (line.empty() || line.back() != '\r') return refuse();  // bare LF
  line.remove_suffix(1);
  if (line.empty()) {
    if (lines_ > 0) return outcome::complete;
    skipped_ += 2;
    return skipped_ > 4 ? refuse() : outcome::need_more;
  }
  if (std::memchr(line.data(), '\r', line.size()) != nullptr) return refuse();  // bare CR
  // A line that begins with white space is either a folded field or one hidden from others.
  if (lines_ > 0 && is_space(line.front())) return refuse();
  if (++lines_ > limits.lines_max + 1) return refuse(bound::head_lines);
  return outcome::need_more;
}

head_scanner::outcome head_scanner::scan(std::string_view bytes,
                                         head_limits const &limits) noexcept {
  if (refused_) return outcome::refused;
  for (;;) {
    auto const from = std::max(position_, searched_);
    auto const *found = static_cast<char const *>(
        from < bytes.size() ? std::memchr(bytes.data() + from, '\n', bytes.size() - from)
                            : nullptr);
    // Where the line ends, or the first place where its LF can still come: one rule for both, so
    // that the cut does not matter.
    auto const line_end =
        found != nullptr ? static_cast<std::size_t>(found - bytes.data()) : bytes.size();
    if (line_end - skipped_ >= limits.head_bytes_max) {
      return refuse(lines_ == 0 ? bound::request_line_bytes : bound::head_bytes);
    }
    if (lines_ == 0 && line_end - position_ > limits.request_line_bytes_max + 1) {
      return refuse(bound::request_line_bytes);
    }
    if (found == nullptr) {
      searched_ = bytes.size();
      return outcome::need_more;
    }
    auto const line = bytes.substr(position_, line_end - position_);
    position_ = line_end + 1;
    auto const result = end_of_line(line, limits);
    if (result != outcome::need_more) return result;
  }
}

std::uint16_t parse_head(std::string_view bytes, head &out) noexcept {
  out = {};
  grammar parser;
  if (auto const status = parse_grammar(bytes, parser)) {
    out.method = method_of(bytes.substr(0, bytes.find(' ')));
    return status;
  }
  out.method = method_of(parser.method);
  out.http_1_1 = parser.http_1_1;
  auto const line_end = bytes.find('\n') + 1;
  out.fields = {static_cast<std::uint32_t>(line_end),
                static_cast<std::uint32_t>(bytes.size() - line_end - 2)};
  out.keep_alive = !parser.says_close && (out.http_1_1 || parser.says_keep_alive);

  // Framing first: a connection whose framing is in doubt must close whatever else is wrong.
  if (auto const status = check_framing(parser, out)) return status;
  if (auto const status = check_host(parser, out)) return status;
  if (auto const status = check_target(bytes, parser.target, out)) return status;
  if (out.method == method::other || out.method == method::connect) return 501;
  // HTTP/1.0 does not know Expect (RFC 9110 section 10.1.1).
  if (out.http_1_1 && parser.expects_something_else) return 417;
  out.expects_continue =
      out.http_1_1 && parser.expects_continue && out.framing != body_framing::none;
  return 0;
}

std::string_view find_field(std::string_view fields, std::string_view name) noexcept {
  while (!fields.empty()) {
    auto const end = std::min(fields.find('\n'), fields.size());
    auto line = fields.substr(0, end);
    fields.remove_prefix(std::min(end + 1, fields.size()));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!iequals(line.substr(0, name.size()), name)) continue;
    line.remove_prefix(name.size() + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return trim(line);
  }
  return {};
}

}  // namespace loopmeter::http
