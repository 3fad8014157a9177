// SPDX-License-Identifier: Apache-2.0
// The wire format of Protocol Buffers, twice with one interface: a message has its length before
// it, so each is counted first and then written.
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <protozero/varint.hpp>

namespace loopmeter::exposition::detail {

/// Tags of fields by how their values are written.
constexpr std::uint32_t varint_tag(std::uint32_t field) noexcept {
  return field << 3U;
}
constexpr std::uint32_t double_tag(std::uint32_t field) noexcept {
  return field << 3U | 1U;
}
constexpr std::uint32_t bytes_tag(std::uint32_t field) noexcept {
  return field << 3U | 2U;
}

constexpr std::size_t varint_bytes(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1U)) * 9 + 64) / 64;
}

/// The size of a field of bytes: tag, length, content.
constexpr std::size_t field_bytes(std::uint32_t tag, std::size_t content) noexcept {
  return varint_bytes(tag) + varint_bytes(content) + content;
}

class byte_counter {
 public:
  void varint(std::uint64_t value) noexcept { bytes_ += varint_bytes(value); }
  void fixed(std::uint64_t) noexcept { bytes_ += 8; }
  void text(std::string_view text) noexcept { bytes_ += text.size(); }

  std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

class byte_writer {
 public:
  /// `out` has room for all that will be written.
  explicit byte_writer(char *out) noexcept : out_{out} {}

  void varint(std::uint64_t value) noexcept {
    out_ += protozero::add_varint_to_buffer(out_, value);
  }
  void fixed(std::uint64_t bits) noexcept {
    static_assert(std::endian::native == std::endian::little, "the wire's order is written as is");
    std::memcpy(out_, &bits, sizeof bits);
    out_ += sizeof bits;
  }
  void text(std::string_view text) noexcept {
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }

  char *end() const noexcept { return out_; }

 private:
  char *out_;
};

/// A google.protobuf.Timestamp as a field.
template <class Sink>
void write_timestamp(Sink &to, std::uint32_t tag, std::int64_t milliseconds) noexcept {
  std::int64_t const rest = (milliseconds % 1000 + 1000) % 1000;
  auto const seconds = static_cast<std::uint64_t>((milliseconds - rest) / 1000);
  auto const nanoseconds = static_cast<std::uint64_t>(rest) * 1'000'000;
  to.varint(tag);
  to.varint(2 + varint_bytes(seconds) + varint_bytes(nanoseconds));
  to.varint(varint_tag(1));
  to.varint(seconds);
  to.varint(varint_tag(2));
  to.varint(nanoseconds);
}

/// The numbers of the fields: io.prometheus.client, metrics.proto.
namespace field {
enum family : std::uint32_t { name = 1, help, type, metric, unit };
enum metric_of : std::uint32_t {
  label = 1,
  gauge,
  counter,
  summary,
  untyped,
  timestamp,
  histogram
};
}  // namespace field

}  // namespace loopmeter::exposition::detail
