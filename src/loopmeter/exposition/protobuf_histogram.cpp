// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/protobuf_histogram.hpp>

#include <loopmeter/exposition/protobuf_message.hpp>

#include <bit>
#include <limits>

namespace loopmeter::exposition::detail {
namespace {

using metrics::native_bucket;
using native_buckets = std::span<native_bucket const>;

// A span goes on over so many empty buckets: each is one byte, a new span is six.
constexpr std::int32_t gap_max = 2;

enum histogram_field : std::uint32_t {
  sample_count = 1,
  sample_sum = 2,
  bucket = 3,
  schema = 5,
  zero_threshold = 6,
  zero_count = 7,
  negative_span = 9,
  negative_delta = 10,
  positive_span = 12,
  positive_delta = 13,
  native_exemplars = 16,
};

std::uint64_t zigzag(std::int64_t value) noexcept {
  return protozero::encode_zigzag64(value);
}

void write_id(byte_writer &to, std::string_view name, std::uint8_t const *id, std::size_t bytes) {
  to.varint(bytes_tag(1));  // Exemplar.label
  to.varint(field_bytes(bytes_tag(1), name.size()) + field_bytes(bytes_tag(2), 2 * bytes));
  to.varint(bytes_tag(1));  // LabelPair.name
  to.varint(name.size());
  to.text(name);
  to.varint(bytes_tag(2));  // LabelPair.value
  to.varint(2 * bytes);
  std::array<char, 32> digits;
  metrics::write_hex(digits.data(), id, bytes);
  to.text({digits.data(), 2 * bytes});
}

// Calls visit(first key, length) for each span of buckets.
template <class Visit>
void for_each_span(native_buckets buckets, Visit visit) {
  for (std::size_t i = 0; i < buckets.size();) {
    std::int32_t const first = buckets[i].key;
    std::int32_t last = first;
    for (++i; i < buckets.size() && buckets[i].key - last - 1 <= gap_max; ++i)
      last = buckets[i].key;
    visit(first, static_cast<std::uint64_t>(last - first) + 1);
  }
}

template <class Sink>
void write_span(Sink &to, std::uint32_t field, std::int64_t offset, std::uint64_t length) {
  to.varint(bytes_tag(field));
  to.varint(2 + varint_bytes(zigzag(offset)) + varint_bytes(length));
  to.varint(varint_tag(1));
  to.varint(zigzag(offset));
  to.varint(varint_tag(2));
  to.varint(length);
}

template <class Sink>
void write_deltas(Sink &to, native_buckets buckets) {
  std::int64_t before = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    std::int32_t const gap = i == 0 ? 0 : buckets[i].key - buckets[i - 1].key - 1;
    for (std::int32_t empty = 0; gap <= gap_max && empty < gap; ++empty) {
      to.varint(zigzag(-before));
      before = 0;
    }
    auto const count = static_cast<std::int64_t>(buckets[i].count);
    to.varint(zigzag(count - before));
    before = count;
  }
}

template <class Sink>
void write_side(Sink &to, std::uint32_t span_field, std::uint32_t delta_field,
                native_buckets buckets) {
  if (buckets.empty()) return;
  std::int64_t behind = 0;
  for_each_span(buckets, [&](std::int32_t first, std::uint64_t length) {
    write_span(to, span_field, first - behind, length);
    behind = first + static_cast<std::int64_t>(length);
  });
  byte_counter deltas;
  write_deltas(deltas, buckets);
  to.varint(bytes_tag(delta_field));  // packed
  to.varint(deltas.bytes());
  write_deltas(to, buckets);
}

template <class Sink>
void write_native(Sink &to, metrics::native_histogram const &native) {
  to.varint(varint_tag(schema));
  to.varint(protozero::encode_zigzag32(native.schema));
  to.varint(double_tag(zero_threshold));
  to.fixed(std::bit_cast<std::uint64_t>(native.zero_threshold));
  to.varint(varint_tag(zero_count));
  to.varint(native.zero_count);
  write_side(to, negative_span, negative_delta, native.negative);
  write_side(to, positive_span, positive_delta, native.positive);
  // Without it nothing tells an empty one from a classic histogram.
  bool const is_invisible = native.negative.empty() && native.positive.empty() &&
                            native.zero_count == 0 && !(native.zero_threshold > 0);
  if (is_invisible) write_span(to, positive_span, 0, 0);
}

template <class Sink>
void write_bucket(Sink &to, std::uint64_t count, double bound, metrics::exemplar const *exemplar) {
  std::size_t size = 1 + varint_bytes(count) + 9;
  if (exemplar == nullptr) {
    to.varint(bytes_tag(bucket));
    to.varint(size);
    to.varint(varint_tag(1));
    to.varint(count);
    to.varint(double_tag(2));
    to.fixed(std::bit_cast<std::uint64_t>(bound));
    return;
  }
  exemplar_message const message{*exemplar};
  size += field_bytes(bytes_tag(3), message.bytes().size());
  to.varint(bytes_tag(bucket));
  to.varint(size);
  to.varint(varint_tag(1));
  to.varint(count);
  to.varint(double_tag(2));
  to.fixed(std::bit_cast<std::uint64_t>(bound));
  to.varint(bytes_tag(3));
  to.varint(message.bytes().size());
  to.text(message.bytes());
}

// +Inf is what the count says, so that its bucket is written only for its exemplar.
template <class Sink>
void write_body(Sink &to, histogram_message const &histogram, exemplar_reader exemplars) {
  std::span const bounds = histogram.bounds;
  std::size_t const infinity = histogram.first_value + bounds.size();
  to.varint(varint_tag(sample_count));
  to.varint(histogram.values[bounds.size() + 2]);
  to.varint(double_tag(sample_sum));
  to.fixed(histogram.values[bounds.size() + 1]);
  std::size_t marked = exemplars.next_value(histogram.first_value);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    std::size_t const value = histogram.first_value + i;
    bool const has_exemplar = marked == value;
    write_bucket(to, histogram.values[i], bounds[i],
                 has_exemplar ? exemplars.newest(value) : nullptr);
    if (has_exemplar) marked = exemplars.next_value(value + 1);
  }
  bool const is_native_only = histogram.native != nullptr && bounds.empty();
  if (marked == infinity && !is_native_only) {
    write_bucket(to, histogram.values[bounds.size()], std::numeric_limits<double>::infinity(),
                 exemplars.newest(infinity));
  }
  if (histogram.native != nullptr) write_native(to, *histogram.native);
  to.text(histogram.created);
  if (!is_native_only) return;
  for (metrics::exemplar const &one : exemplars.all(infinity)) {
    exemplar_message const message{one};
    to.varint(bytes_tag(native_exemplars));
    to.varint(message.bytes().size());
    to.text(message.bytes());
  }
}

}  // namespace

exemplar_message::exemplar_message(metrics::exemplar const &exemplar) noexcept {
  auto const &[trace_id, span_id, sampled] = exemplar.trace;
  byte_writer to{bytes_.data()};
  write_id(to, "trace_id", trace_id.data(), trace_id.size());
  write_id(to, "span_id", span_id.data(), span_id.size());
  to.varint(double_tag(2));
  to.fixed(std::bit_cast<std::uint64_t>(exemplar.observed));
  write_timestamp(to, bytes_tag(3), exemplar.timestamp_ms);
  size_ = static_cast<std::size_t>(to.end() - bytes_.data());
}

std::size_t count_histogram(histogram_message const &histogram,
                            exemplar_reader exemplars) noexcept {
  byte_counter counter;
  write_body(counter, histogram, exemplars);
  return counter.bytes();
}

char *write_histogram(char *out, histogram_message const &histogram,
                      exemplar_reader exemplars) noexcept {
  byte_writer writer{out};
  write_body(writer, histogram, exemplars);
  return writer.end();
}

}  // namespace loopmeter::exposition::detail
