// SPDX-License-Identifier: Apache-2.0
#include "protobuf_reader.hpp"

#include <charconv>
#include <stdexcept>

#include <protozero/pbf_reader.hpp>

namespace loopmeter::exposition::test {
namespace {

using protozero::pbf_reader;

struct span {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
};

[[noreturn]] void fail(std::string const &why) {
  throw std::runtime_error{why};
}

std::int64_t read_timestamp(pbf_reader from) {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
  while (from.next()) {
    if (from.tag() == 1) {
      seconds = from.get_int64();
    } else if (from.tag() == 2) {
      nanoseconds = from.get_int32();
    } else {
      fail("Timestamp");
    }
  }
  if (nanoseconds < 0 || nanoseconds >= 1'000'000'000) fail("Timestamp.nanos");
  return seconds * 1000 + nanoseconds / 1'000'000;
}

std::pair<std::string, std::string> read_label(pbf_reader from) {
  std::pair<std::string, std::string> read;
  while (from.next()) {
    if (from.tag() > 2) fail("LabelPair");
    std::string &into = from.tag() == 1 ? read.first : read.second;
    into = from.get_string();
  }
  return read;
}

read_exemplar read_one_exemplar(pbf_reader from) {
  read_exemplar read;
  while (from.next()) {
    switch (from.tag()) {
      case 1:
        read.labels.push_back(read_label(from.get_message()));
        break;
      case 2:
        read.value = from.get_double();
        break;
      case 3:
        read.timestamp_ms = read_timestamp(from.get_message());
        break;
      default:
        fail("Exemplar");
    }
  }
  return read;
}

read_bucket read_one_bucket(pbf_reader from) {
  read_bucket read;
  while (from.next()) {
    switch (from.tag()) {
      case 1:
        read.cumulative_count = from.get_uint64();
        break;
      case 2:
        read.upper_bound = from.get_double();
        break;
      case 3:
        read.exemplar = read_one_exemplar(from.get_message());
        break;
      default:
        fail("Bucket");
    }
  }
  return read;
}

span read_span(pbf_reader from) {
  span read;
  while (from.next()) {
    if (from.tag() == 1) {
      read.offset = from.get_sint32();
    } else if (from.tag() == 2) {
      read.length = from.get_uint32();
    } else {
      fail("BucketSpan");
    }
  }
  return read;
}

std::vector<metrics::native_bucket> buckets_of(std::vector<span> const &spans,
                                               std::vector<std::int64_t> const &deltas) {
  std::vector<metrics::native_bucket> buckets;
  std::int32_t key = 0;
  std::int64_t count = 0;
  std::size_t next = 0;
  for (span const &one : spans) {
    key += one.offset;
    for (std::uint32_t i = 0; i < one.length; ++i, ++key) {
      if (next == deltas.size()) fail("spans longer than deltas");
      count += deltas[next++];
      if (count < 0) fail("a bucket below 0");
      if (count > 0) buckets.push_back({key, static_cast<std::uint64_t>(count)});
    }
  }
  if (next != deltas.size()) fail("deltas longer than spans");
  return buckets;
}

void read_histogram(pbf_reader from, read_metric &into) {
  std::vector<span> spans[2];
  std::vector<std::int64_t> deltas[2];
  while (from.next()) {
    switch (from.tag()) {
      case 1:
        into.count = from.get_uint64();
        break;
      case 2:
        into.sum = from.get_double();
        break;
      case 3:
        into.buckets.push_back(read_one_bucket(from.get_message()));
        break;
      case 5:
        into.native.schema = from.get_sint32();
        into.has_native = true;
        break;
      case 6:
        into.native.zero_threshold = from.get_double();
        break;
      case 7:
        into.native.zero_count = from.get_uint64();
        break;
      case 9:
      case 12:
        spans[from.tag() == 12].push_back(read_span(from.get_message()));
        break;
      case 10:
      case 13: {
        auto &to = deltas[from.tag() == 13];
        for (auto const delta : from.get_packed_sint64())
          to.push_back(delta);
        break;
      }
      case 15:
        into.created_ms = read_timestamp(from.get_message());
        break;
      case 16:
        into.native_exemplars.push_back(read_one_exemplar(from.get_message()));
        break;
      default:
        fail("Histogram");
    }
  }
  into.has_no_op_span = spans[1].size() == 1 && spans[1][0].length == 0;
  into.native.negative = buckets_of(spans[0], deltas[0]);
  into.native.positive = buckets_of(spans[1], deltas[1]);
}

void read_summary(pbf_reader from, read_metric &into) {
  while (from.next()) {
    if (from.tag() == 1) {
      into.count = from.get_uint64();
    } else if (from.tag() == 2) {
      into.sum = from.get_double();
    } else if (from.tag() == 3) {
      pbf_reader quantile = from.get_message();
      auto &[rank, value] = into.quantiles.emplace_back();
      while (quantile.next()) {
        double &into_field = quantile.tag() == 1 ? rank : value;
        into_field = quantile.get_double();
      }
    } else {
      fail("Summary");
    }
  }
}

void read_number(pbf_reader from, read_metric &into) {
  while (from.next()) {
    if (from.tag() == 1) {
      into.value = from.get_double();
    } else if (from.tag() == 2 && into.kind == "counter") {
      into.exemplar = read_one_exemplar(from.get_message());
    } else if (from.tag() == 3 && into.kind == "counter") {
      into.created_ms = read_timestamp(from.get_message());
    } else {
      fail(into.kind);
    }
  }
}

read_metric read_one_metric(pbf_reader from) {
  static constexpr std::string_view kinds[] = {"",        "label",   "gauge",     "counter",
                                               "summary", "untyped", "timestamp", "histogram"};
  read_metric read;
  while (from.next()) {
    if (from.tag() < 1 || from.tag() > 7) fail("Metric");
    if (from.tag() == 1) {
      read.labels.push_back(read_label(from.get_message()));
      continue;
    }
    if (from.tag() == 6) {
      read.timestamp_ms = from.get_int64();
      continue;
    }
    if (!read.kind.empty()) fail("a Metric with two values");
    read.kind = kinds[from.tag()];
    if (from.tag() == 7) {
      read_histogram(from.get_message(), read);
    } else if (from.tag() == 4) {
      read_summary(from.get_message(), read);
    } else {
      read_number(from.get_message(), read);
    }
  }
  return read;
}

read_family read_one_family(pbf_reader from) {
  read_family read;
  while (from.next()) {
    switch (from.tag()) {
      case 1:
        read.name = from.get_string();
        break;
      case 2:
        read.help = from.get_string();
        break;
      case 3:
        read.type = from.get_enum();
        break;
      case 4:
        read.metrics.push_back(read_one_metric(from.get_message()));
        break;
      case 5:
        read.unit = from.get_string();
        break;
      default:
        fail("MetricFamily");
    }
  }
  return read;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char const c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c >= 0 && c < ' ') {
      out += "\\x";
      out += static_cast<char>('0' + c / 16);
      out += "0123456789abcdef"[c % 16];
    } else {
      out += c;
    }
  }
  return out + '"';
}

template <class Number>
std::string digits_of(Number value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string text_of(label_pairs const &labels) {
  std::string text;
  for (auto const &[name, value] : labels)
    text += ' ' + name + '=' + quoted(value);
  return text;
}

std::string text_of(read_exemplar const &exemplar) {
  return "exemplar" + text_of(exemplar.labels) + " value " + digits_of(exemplar.value) +
         (exemplar.timestamp_ms ? " at " + digits_of(*exemplar.timestamp_ms) : "");
}

std::string text_of(std::vector<metrics::native_bucket> const &buckets) {
  std::string text;
  for (auto const &[key, count] : buckets)
    text += ' ' + digits_of(key) + ':' + digits_of(count);
  return text;
}

void append_metric(std::string &out, read_metric const &metric) {
  out += "  " + metric.kind + text_of(metric.labels);
  if (metric.timestamp_ms) out += " at " + digits_of(*metric.timestamp_ms);
  if (metric.created_ms) out += " created " + digits_of(*metric.created_ms);
  bool const is_number = metric.kind != "histogram" && metric.kind != "summary";
  out += is_number ? " value " + digits_of(metric.value)
                   : " count " + digits_of(metric.count) + " sum " + digits_of(metric.sum);
  out += '\n';
  if (metric.exemplar) out += "    " + text_of(*metric.exemplar) + '\n';
  for (auto const &[quantile, value] : metric.quantiles)
    out += "    quantile " + digits_of(quantile) + " value " + digits_of(value) + '\n';
  for (read_bucket const &bucket : metric.buckets) {
    out += "    le " + digits_of(bucket.upper_bound) + " count " +
           digits_of(bucket.cumulative_count) +
           (bucket.exemplar ? ' ' + text_of(*bucket.exemplar) : "") + '\n';
  }
  if (!metric.has_native) return;
  auto const &native = metric.native;
  out += "    native schema " + digits_of(native.schema) + " zero " +
         digits_of(native.zero_threshold) + ' ' + digits_of(native.zero_count) + " negative" +
         text_of(native.negative) + " positive" + text_of(native.positive) + '\n';
  for (read_exemplar const &one : metric.native_exemplars)
    out += "    " + text_of(one) + '\n';
}

}  // namespace

std::vector<read_family> read_protobuf(std::string_view bytes) {
  std::vector<read_family> families;
  char const *at = bytes.data();
  char const *const end = at + bytes.size();
  while (at != end) {
    auto const size = static_cast<std::size_t>(protozero::decode_varint(&at, end));
    if (size > static_cast<std::size_t>(end - at)) fail("a message longer than the exposition");
    families.push_back(read_one_family(pbf_reader{at, size}));
    at += size;
  }
  return families;
}

std::string to_text(std::vector<read_family> const &families) {
  static constexpr std::string_view types[] = {"counter", "gauge", "summary", "untyped",
                                               "histogram"};
  std::string text;
  for (read_family const &family : families) {
    text += quoted(family.name);
    text += ' ';
    text += family.type ? types[static_cast<std::size_t>(*family.type)] : "no type";
    if (!family.help.empty()) text += " help " + quoted(family.help);
    if (!family.unit.empty()) text += " unit " + family.unit;
    text += '\n';
    for (read_metric const &metric : family.metrics)
      append_metric(text, metric);
  }
  return text;
}

}  // namespace loopmeter::exposition::test
