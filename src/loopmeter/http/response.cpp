// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/response.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <vector>

#include <loopmeter/base/assert.hpp>
#include <loopmeter/http/status.hpp>

namespace loopmeter::http {

namespace {

// Everything that depends on the status alone, made once for all 400 of them.
struct status_text {
  std::string head;   // "HTTP/1.1 200 OK\r\nDate: "
  std::string error;  // "404 Not Found\n"
};

std::vector<status_text> make_status_texts() {
  std::vector<status_text> texts;
  for (std::uint16_t status = status_min; status <= status_max; ++status) {
    auto const line = std::to_string(status) + ' ' + std::string(reason_of(status));
    texts.push_back({"HTTP/1.1 " + line + "\r\nDate: ", line + '\n'});
  }
  return texts;
}

status_text const &text_of(std::uint16_t status) {
  static std::vector<status_text> const texts = make_status_texts();
  LOOPMETER_ASSERT(status >= status_min && status <= status_max);
  return texts[static_cast<std::size_t>(status - status_min)];
}

}  // namespace

response error_response(std::uint16_t status) {
  return text(text_of(status).error, status);
}

void append_head(std::string &out, response const &answer, head_context const &context) {
  out += text_of(answer.status).head;
  out += context.date;
  if (has_content(answer.status)) {
    auto const size = context.length.value_or(answer.body_bytes().size());
    if (context.end == body_end::length) {
      std::array<char, 20> digits;
      auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
      out += "\r\nContent-Length: ";
      out.append(digits.data(), end);
    } else if (context.end == body_end::chunked) {
      out += "\r\nTransfer-Encoding: chunked";
    }
    if (size > 0 || context.end != body_end::length || answer.typed_if_empty) {
      out += "\r\nContent-Type: ";
      out += answer.content_type;
    }
  } else if (answer.status == 205) {  // it must say that there is nothing (RFC 9110 section 15.3.6)
    out += "\r\nContent-Length: 0";
  }
  if (!context.allow.empty()) {
    out += "\r\nAllow: ";
    out += context.allow;
  }
  if (context.close) {
    out += "\r\nConnection: close";
  } else if (context.keep_alive_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n";
  out += context.fields;
  out += answer.fields;
  out += "\r\n";
}

}  // namespace loopmeter::http
