// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/metrics/exemplar.hpp>

#include <loopmeter/base/clock.hpp>

#include <algorithm>
#include <cstring>
#include <span>

namespace loopmeter::metrics {
namespace {

// The value of a lower-case hexadecimal digit, or -1: the standard allows no others.
constexpr int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    int const high = digit(text[2 * i]);
    int const low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

bool is_zero(std::span<std::uint8_t const> id) noexcept {
  return std::ranges::all_of(id, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<trace_context> parse_traceparent(std::string_view field) noexcept {
  // version 2, trace 32, span 16, flags 2 digits, a dash between each two.
  constexpr std::size_t size = 55;
  if (field.size() < size || field[2] != '-' || field[35] != '-' || field[52] != '-') return {};
  std::uint8_t version = 0;
  std::uint8_t flags = 0;
  trace_context trace;
  if (!read_hex(field, {&version, 1}) || version == 0xff) return {};
  bool const continues = field.size() > size && field[size] == '-';
  if (field.size() != size && (version == 0 || !continues)) return {};
  if (!read_hex(field.substr(3), trace.trace_id) || is_zero(trace.trace_id)) return {};
  if (!read_hex(field.substr(36), trace.span_id) || is_zero(trace.span_id)) return {};
  if (!read_hex(field.substr(53), {&flags, 1})) return {};
  trace.sampled = (flags & 1) != 0;
  return trace;
}

namespace detail {

void write_exemplar(cell *slot, std::uint64_t generation, double observed,
                    trace_context const &trace) noexcept {
  using namespace exemplar_cell;
  // relaxed, twice: the caller is the slot's only writer. The generation is kept with one added,
  // since a slot begins with 0.
  if (slot[exemplar_cell::generation].load(std::memory_order_relaxed) == generation + 1) return;
  std::uint64_t const written = slot[turn].load(std::memory_order_relaxed);
  std::array<std::uint64_t, 2> trace_words;
  std::uint64_t span_word = 0;
  std::memcpy(trace_words.data(), trace.trace_id.data(), sizeof trace_words);
  std::memcpy(&span_word, trace.span_id.data(), sizeof span_word);
  // release, all of them, in this order: a reader that sees one of the new cells sees that the turn
  // is odd, and one that sees the turn even again sees them all.
  auto const put = [slot](std::size_t at, std::uint64_t bits) {
    slot[at].store(bits, std::memory_order_release);
  };
  put(turn, written + 1);
  put(exemplar_cell::generation, generation + 1);
  put(value, to_bits(observed));
  put(timestamp, static_cast<std::uint64_t>(unix_milliseconds()));
  put(exemplar_cell::trace, trace_words[0]);
  put(exemplar_cell::trace + 1, trace_words[1]);
  put(span, span_word);
  put(turn, written + 2);
}

void leave_exemplar(cell_offset slot, double observed, trace_context const &trace) noexcept {
  if (thread_cells == nullptr) return;
  // relaxed: an old generation only means one exemplar more.
  std::uint64_t const generation = epoch.value.load(std::memory_order_relaxed) / 2;
  write_exemplar(thread_cells + slot, generation, observed, trace);
}

std::optional<exemplar> read_exemplar(cell const *slot) noexcept {
  using namespace exemplar_cell;
  // acquire, all of them: each pairs with the release above.
  auto const get = [slot](std::size_t at) { return slot[at].load(std::memory_order_acquire); };
  std::uint64_t const before = get(turn);
  if (before == 0 || before % 2 == 1) return std::nullopt;
  exemplar read{.value_index = 0,
                .observed = to_double(get(value)),
                .timestamp_ms = static_cast<std::int64_t>(get(timestamp)),
                .trace = {.trace_id = {}, .span_id = {}, .sampled = true}};
  std::array<std::uint64_t, 2> const trace_words{get(exemplar_cell::trace),
                                                 get(exemplar_cell::trace + 1)};
  std::uint64_t const span_word = get(span);
  std::memcpy(read.trace.trace_id.data(), trace_words.data(), sizeof trace_words);
  std::memcpy(read.trace.span_id.data(), &span_word, sizeof span_word);
  if (get(turn) != before) return std::nullopt;  // the next scrape will see the newer one
  return read;
}

}  // namespace detail

char *write_hex(char *out, std::uint8_t const *bytes, std::size_t count) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < count; ++i) {
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  return out;
}

}  // namespace loopmeter::metrics
