// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/protobuf_plan.hpp>

#include <loopmeter/base/assert.hpp>
#include <loopmeter/exposition/escape.hpp>
#include <loopmeter/exposition/protobuf_foreign.hpp>
#include <loopmeter/exposition/protobuf_histogram.hpp>
#include <loopmeter/exposition/protobuf_message.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include <protozero/buffer_string.hpp>

namespace loopmeter::exposition::detail {
namespace {

using metrics::metric_type;
using metrics::detail::family_layout;
using metrics::detail::series_layout;

constexpr std::uint32_t counter_exemplar = 2;
constexpr std::uint32_t counter_created = 3;
constexpr std::uint32_t histogram_created = 15;

std::uint64_t double_bits(metrics::value_kind kind, std::uint64_t bits) noexcept {
  switch (kind) {
    case metrics::value_kind::u64:
      return std::bit_cast<std::uint64_t>(static_cast<double>(bits));
    case metrics::value_kind::i64:
      return std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<std::int64_t>(bits)));
    case metrics::value_kind::f64:
      break;
  }
  return bits;
}

void append_varint(std::string &out, std::uint64_t value) {
  protozero::add_varint_to_buffer(&out, value);
}

std::string timestamp_field(std::uint32_t number, std::int64_t milliseconds) {
  if (milliseconds == 0) return {};
  std::array<char, 32> bytes;
  byte_writer to{bytes.data()};
  write_timestamp(to, bytes_tag(number), milliseconds);
  return {bytes.data(), to.end()};
}

}  // namespace

protobuf_plan::protobuf_plan(std::shared_ptr<metrics::detail::layout const> layout, escaping names)
    : plan{std::move(layout)} {
  for (family_layout const &family : layout_->families)
    add_family(family, names);
}

std::size_t protobuf_plan::bytes_expected() const noexcept {
  return bytes_.size() + 12 * layout_->value_count;
}

// Metric{label…, counter{value, created}} or {label…, gauge{value}}, without the value's 8 bytes.
void protobuf_plan::add_number(family_plan &into, std::string_view labels, std::int64_t start_ms) {
  bool const is_counter = into.layout->definition->type() == metric_type::counter;
  std::uint32_t const tag = bytes_tag(is_counter ? field::counter : field::gauge);
  std::string const created = is_counter ? timestamp_field(counter_created, start_ms) : "";
  std::size_t const number_bytes = 1 + sizeof(double) + created.size();
  std::size_t const metric_bytes = labels.size() + field_bytes(tag, number_bytes);
  append_varint(bytes_, bytes_tag(field::metric));
  append_varint(bytes_, metric_bytes);
  bytes_ += labels;
  append_varint(bytes_, tag);
  append_varint(bytes_, number_bytes);
  append_varint(bytes_, double_tag(1));
  std::size_t const middle = bytes_.size();
  bytes_ += created;
  steps_.push_back({.middle = middle, .end = bytes_.size()});
  into.fixed_bytes += field_bytes(bytes_tag(field::metric), metric_bytes);
}

void protobuf_plan::add_family(family_layout const &layout, escaping names) {
  metrics::detail::family_definition const &definition = *layout.definition;
  family_plan made{.layout = &layout, .first = steps_.size(), .head_begin = bytes_.size()};
  bytes_ += family_head(escape_metric_name(definition.name, names), definition.help,
                        definition.type(), definition.unit);
  made.head_end = bytes_.size();
  made.is_histogram = definition.type() == metric_type::histogram;
  for (series_layout const &series : layout.series) {
    std::string labels;
    for (auto const &[name, value] : metrics::detail::labels_of(layout, series))
      append_label_pair(labels, escape_label_name(name, names), value);
    std::int64_t const start_ms = metrics::detail::start_ms(layout, series);
    if (!made.is_histogram) {
      add_number(made, labels, start_ms);
      continue;
    }
    bytes_ += labels;
    std::size_t const middle = bytes_.size();
    bytes_ += timestamp_field(histogram_created, start_ms);
    steps_.push_back({.middle = middle, .end = bytes_.size()});
  }
  families_.push_back({.name = definition.name, .first = made.first, .last = steps_.size()});
  messages_.push_back(made);
}

histogram_message protobuf_plan::message_of(cursor const &at, family_plan const &of,
                                            std::size_t index) const {
  metrics::detail::family_definition const &definition = *of.layout->definition;
  std::size_t const series = index - of.first;
  std::size_t const count = definition.values_per_series();
  std::size_t const first_value = of.layout->first_value + series * count;
  return {.values = std::span{at.snapshot->values}.subspan(first_value, count),
          .bounds = definition.place.shape->finite_bounds(),
          .native = definition.is_native() ? &at.snapshot->natives[of.layout->first_native + series]
                                           : nullptr,
          .first_value = first_value,
          .created = bytes(steps_[index].middle, steps_[index].end)};
}

std::string_view protobuf_plan::labels_of_number(family_plan const &of, std::size_t index) const {
  std::string_view labels = bytes(step_begin(of, index), steps_[index].middle);
  labels.remove_prefix(1);  // the tag of the Metric, then its length
  while ((static_cast<unsigned char>(labels.front()) & 0x80U) != 0)
    labels.remove_prefix(1);
  labels.remove_prefix(1);
  labels.remove_suffix(3);  // tag and length of the Counter, tag of its value
  return labels;
}

void protobuf_plan::append_marked(std::string &out, family_plan const &of, std::size_t index,
                                  std::uint64_t bits, metrics::exemplar const &exemplar) const {
  std::string_view const labels = labels_of_number(of, index);
  std::string_view const created = bytes(steps_[index].middle, steps_[index].end);
  exemplar_message const message{exemplar};
  std::size_t const number_bytes =
      1 + sizeof bits + field_bytes(bytes_tag(counter_exemplar), message.bytes().size()) +
      created.size();
  append_varint(out, bytes_tag(field::metric));
  append_varint(out, labels.size() + field_bytes(bytes_tag(field::counter), number_bytes));
  out += labels;
  append_varint(out, bytes_tag(field::counter));
  append_varint(out, number_bytes);
  append_varint(out, double_tag(1));
  std::array<char, sizeof bits> number;
  byte_writer{number.data()}.fixed(bits);
  out.append(number.data(), number.size());
  append_varint(out, bytes_tag(counter_exemplar));
  append_varint(out, message.bytes().size());
  out += message.bytes();
  out += created;
}

std::size_t protobuf_plan::next_marked(exemplar_reader &exemplars, family_plan const &of,
                                       std::size_t index, std::size_t last) const {
  if (of.layout->definition->type() != metric_type::counter) return last;
  std::size_t const first_value = of.layout->first_value;
  std::size_t const value = exemplars.next_value(first_value + (index - of.first));
  return value - first_value < last - of.first ? of.first + (value - first_value) : last;
}

// Counts more of the histograms of a family; true when all are counted.
bool protobuf_plan::count_some(cursor &at, family_plan const &of, std::size_t last) const {
  constexpr std::size_t portion = 2000;  // buckets: some 20 µs
  if (at.counted != of.first) {
    at.counted = of.first;
    at.sizes.clear();
    at.sizes_total = 0;
  }
  std::size_t buckets = 0;
  for (std::size_t i = of.first + at.sizes.size(); i < last && buckets < portion; ++i) {
    histogram_message const message = message_of(at, of, i);
    at.ahead.next_value(message.first_value);
    std::size_t const size = count_histogram(message, at.ahead);
    at.sizes.push_back(static_cast<std::uint32_t>(size));
    std::size_t const labels = steps_[i].middle - step_begin(of, i);
    at.sizes_total += field_bytes(bytes_tag(field::metric),
                                  labels + field_bytes(bytes_tag(field::histogram), size));
    buckets += message.values.size();
    if (message.native != nullptr)
      buckets += message.native->positive.size() + message.native->negative.size();
  }
  return at.sizes.size() == last - of.first;
}

std::size_t protobuf_plan::size_of_numbers(cursor const &at, family_plan const &of,
                                           std::size_t last) const {
  exemplar_reader ahead = at.exemplars;
  std::string longer;
  std::size_t shorter = 0;
  for (std::size_t i = next_marked(ahead, of, of.first, last); i < last;
       i = next_marked(ahead, of, i + 1, last)) {
    append_marked(longer, of, i, 0, *ahead.newest(of.layout->first_value + i - of.first));
    shorter += steps_[i].end - step_begin(of, i) + sizeof(double);
  }
  return of.fixed_bytes + longer.size() - shorter;
}

void protobuf_plan::append_plain(std::string &out, cursor &at, family_plan const &of,
                                 std::size_t last, std::size_t full) const {
  char block[16384];  // as in text_plan
  std::size_t used = 0;
  metrics::value_kind const kind = of.layout->definition->kind_of_values();
  std::uint64_t const *value =
      at.snapshot->values.data() + of.layout->first_value + (at.step - of.first);
  std::size_t begin = step_begin(of, at.step);
  for (; at.step < last && out.size() + used < full; ++at.step) {
    auto const [middle, end] = steps_[at.step];
    std::size_t const step_bytes = end - begin + sizeof(double);
    if (used + step_bytes > sizeof block) {
      out.append(block, used);
      used = 0;
    }
    std::uint64_t const bits = double_bits(kind, *value++);
    if (step_bytes > sizeof block) {
      out.append(bytes_, begin, middle - begin);
      out.append(std::bit_cast<std::array<char, sizeof bits>>(bits).data(), sizeof bits);
      out.append(bytes_, middle, end - middle);
    } else {
      byte_writer to{block + used};
      to.text(bytes(begin, middle));
      to.fixed(bits);
      to.text(bytes(middle, end));
      used += step_bytes;
    }
    begin = end;
  }
  out.append(block, used);
}

void protobuf_plan::append_numbers(std::string &out, cursor &at, family_plan const &of,
                                   std::size_t last, std::size_t full) const {
  do {
    std::size_t const marked = next_marked(at.exemplars, of, at.step, last);
    append_plain(out, at, of, marked, full);
    if (at.step != marked || marked == last || out.size() >= full) return;
    std::size_t const value = of.layout->first_value + (marked - of.first);
    append_marked(out, of, marked,
                  double_bits(of.layout->definition->kind_of_values(), at.snapshot->values[value]),
                  *at.exemplars.newest(value));
    ++at.step;
  } while (at.step < last && out.size() < full);
}

void protobuf_plan::append_histograms(std::string &out, cursor &at, family_plan const &of,
                                      std::size_t last, std::size_t full) const {
  do {
    histogram_message const message = message_of(at, of, at.step);
    std::size_t const size = at.sizes[at.step - of.first];
    std::string_view const labels = bytes(step_begin(of, at.step), steps_[at.step].middle);
    std::size_t const metric_bytes = labels.size() + field_bytes(bytes_tag(field::histogram), size);
    std::size_t const begin = out.size();
    out.resize(begin + field_bytes(bytes_tag(field::metric), metric_bytes));
    byte_writer to{out.data() + begin};
    to.varint(bytes_tag(field::metric));
    to.varint(metric_bytes);
    to.text(labels);
    to.varint(bytes_tag(field::histogram));
    to.varint(size);
    at.exemplars.next_value(message.first_value);
    char const *const end = write_histogram(to.end(), message, at.exemplars);
    LOOPMETER_ASSERT(end == out.data() + out.size());
    ++at.step;
  } while (at.step < last && out.size() < full);
}

void protobuf_plan::append_steps(std::string &out, cursor &at, std::size_t last,
                                 std::size_t full) const {
  auto of = std::ranges::upper_bound(messages_, at.step, {}, &family_plan::first) - 1;
  do {
    std::size_t const first = at.step;
    std::size_t const behind = families_[static_cast<std::size_t>(of - messages_.begin())].last;
    // A family's head is followed by a series of it at once, so that step == first says "not
    // begun".
    if (at.step == of->first) {
      if (of->is_histogram && !count_some(at, *of, behind)) return;
      append_varint(out,
                    of->head_end - of->head_begin +
                        (of->is_histogram ? at.sizes_total : size_of_numbers(at, *of, behind)));
      out += bytes(of->head_begin, of->head_end);
    }
    std::size_t const least = std::max(full, out.size() + 1);
    if (of->is_histogram) {
      append_histograms(out, at, *of, std::min(behind, last), least);
    } else {
      append_numbers(out, at, *of, std::min(behind, last), least);
    }
    at.samples += (at.step - first) * of->layout->definition->values_per_series();
    if (at.step == behind) ++of;
  } while (at.step < last && out.size() < full);
}

void protobuf_plan::append_foreign(std::string &out, cursor &at, std::size_t index,
                                   std::size_t full) const {
  metrics::foreign_family const &family = at.snapshot->foreign[index];
  if (at.foreign_series == 0) {
    std::string const head = family_head(family.name, family.help, family.type, {});
    std::size_t total = head.size();
    std::string one;
    for (metrics::foreign_series const &series : family.series) {
      one.clear();
      append_foreign_metric(one, family.type, series);
      total += one.size();
    }
    append_varint(out, total);
    out += head;
  }
  do {
    metrics::foreign_series const &series = family.series[at.foreign_series++];
    append_foreign_metric(out, family.type, series);
    at.samples += samples_of(series);
  } while (at.foreign_series < family.series.size() && out.size() < full);
}

}  // namespace loopmeter::exposition::detail
