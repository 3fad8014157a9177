// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/body_writer.hpp>

namespace loopmeter::http {

namespace {

// A chunk's size stands before it and is known after it: this much room is left, and filled in with
// leading zeros, which the grammar allows.
constexpr std::string_view chunk_head = "00000000\r\n";
constexpr std::string_view chunk_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

void write_chunk_size(std::string &out, std::size_t at, std::size_t size) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (std::size_t digit = chunk_head.size() - 2; digit > 0; size >>= 4U) {
    out[at + --digit] = hex[size & 15U];
  }
}

}  // namespace

void body_writer::begin(std::string &out, response const &answer, head_context const &context) {
  append_head(out, answer, context);
  begun_ = true;
  chunked_ = context.end == body_end::chunked;
}

std::size_t body_writer::open(std::string &out) const {
  auto const opened = out.size();
  if (chunked_) out += chunk_head;
  return opened;
}

void body_writer::close(std::string &out, std::size_t opened) {
  auto const begin = opened + (chunked_ ? chunk_head.size() : 0);
  auto const size = out.size() - begin;
  body_bytes_ += size;
  if (!chunked_) return;
  if (size == 0) {
    out.resize(opened);  // an empty chunk would be the last one
    return;
  }
  write_chunk_size(out, opened, size);
  out += chunk_end;
}

void body_writer::add(std::string &out, std::string_view piece) {
  auto const opened = open(out);
  out += piece;
  close(out, opened);
}

void body_writer::end(std::string &out) const {
  if (chunked_) out += last_chunk;
}

}  // namespace loopmeter::http
