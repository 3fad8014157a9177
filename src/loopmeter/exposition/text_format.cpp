// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/text_format.hpp>

#include <loopmeter/exposition/number.hpp>
#include <loopmeter/metrics/labels.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <variant>

namespace loopmeter::exposition::detail {
namespace {

using metrics::metric_type;

void append_escaped(std::string &out, std::string_view text, bool quotes) {
  for (auto at = text.begin(); at != text.end();) {
    auto const special = std::find_if(at, text.end(), [quotes](char c) {
      return c == '\\' || c == '\n' || (quotes && c == '"');
    });
    out.append(at, special);
    if (special == text.end()) return;
    out += '\\';
    out += *special == '\n' ? 'n' : *special;
    at = special + 1;
  }
}

void append_quoted(std::string &out, std::string_view name) {
  out += '"';
  append_escaped(out, name, true);
  out += '"';
}

void append_comment(std::string &out, std::string_view word, std::string_view name) {
  out.append("# ").append(word) += ' ';
  if (metrics::is_metric_name(name)) {
    out += name;
  } else {
    append_quoted(out, name);
  }
  out += ' ';
}

std::string_view type_word(text_dialect const &dialect, metric_type type) {
  if (!dialect.openmetrics) return metrics::type_name(type);
  if (type == metric_type::info) return "info";
  if (type == metric_type::untyped) return "unknown";
  return metrics::type_name(type);
}

// Writes the lines of one foreign series.
class series_writer {
 public:
  series_writer(std::string &out, text_dialect const &dialect, family_name const &family,
                metrics::foreign_series const &series)
      : out_{out}, dialect_{dialect}, family_{family}, series_{series} {}

  template <class Number>
  void operator()(Number const &value) {
    line(family_.suffix, "", 0, value);
  }

  void operator()(metrics::foreign_histogram const &histogram) {
    bool has_infinity = false;
    for (metrics::foreign_bucket const &bucket : histogram.buckets) {
      line("_bucket", "le", bucket.upper_bound, bucket.cumulative_count);
      has_infinity = std::isinf(bucket.upper_bound) && bucket.upper_bound > 0;
    }
    if (!has_infinity) {
      line("_bucket", "le", std::numeric_limits<double>::infinity(), histogram.count);
    }
    line("_sum", "", 0, histogram.sum);
    line("_count", "", 0, histogram.count);
  }

  void operator()(metrics::foreign_summary const &summary) {
    for (metrics::foreign_quantile const &q : summary.quantiles) {
      line("", "quantile", q.quantile, q.value);
    }
    line("_sum", "", 0, summary.sum);
    line("_count", "", 0, summary.count);
  }

  std::size_t lines() const { return lines_; }

 private:
  template <class Number>
  void line(std::string_view suffix, std::string_view rank_label, double rank, Number value) {
    // Foreign names are of the old grammar, see metrics::detail::remove_invalid.
    out_.append(family_.name).append(suffix) += '{';
    for (metrics::label const &one : series_.labels)
      append_label(out_, one.name, one.value);
    if (!rank_label.empty()) append_rank(out_, dialect_, rank_label, rank);
    close_series(out_);
    append_number(out_, value);
    if (series_.timestamp_ms > 0) {  // text 0.0.4 has no others
      out_ += ' ';
      if (dialect_.openmetrics) {
        append_seconds(out_, series_.timestamp_ms);
      } else {
        append_number(out_, series_.timestamp_ms);
      }
    }
    out_ += '\n';
    ++lines_;
  }

  std::string &out_;
  text_dialect const &dialect_;
  family_name const &family_;
  metrics::foreign_series const &series_;
  std::size_t lines_ = 0;
};

}  // namespace

void append_escaped_value(std::string &out, std::string_view value) {
  append_escaped(out, value, true);
}

void append_head(std::string &out, text_dialect const &dialect, family_name const &family,
                 std::string_view help, std::string_view unit) {
  if (!help.empty()) {
    append_comment(out, "HELP", family.name);
    append_escaped(out, help, dialect.openmetrics);
    out += '\n';
  }
  append_comment(out, "TYPE", family.name);
  out.append(type_word(dialect, family.type)) += '\n';
  // A reader refuses the whole exposition where the name, as it is called here, ends otherwise.
  bool const has_unit = dialect.openmetrics && !unit.empty() && family.type != metric_type::info &&
                        family.name.size() > unit.size() && family.name.ends_with(unit) &&
                        family.name[family.name.size() - unit.size() - 1] == '_';
  if (has_unit) {
    append_comment(out, "UNIT", family.name);
    append_escaped(out, unit, true);
    out += '\n';
  }
}

void open_series(std::string &out, std::string_view name) {
  if (metrics::is_metric_name(name)) {
    out.append(name) += '{';
  } else {
    out += '{';
    append_quoted(out, name);
  }
}

void append_label(std::string &out, std::string_view name, std::string_view value) {
  if (!out.ends_with('{')) out += ',';
  if (metrics::is_label_name(name)) {
    out += name;
  } else {
    append_quoted(out, name);
  }
  out += '=';
  append_quoted(out, value);
}

void append_rank(std::string &out, text_dialect const &dialect, std::string_view name,
                 double rank) {
  char digits[number_bytes_max];
  char *const end =
      dialect.openmetrics ? write_canonical(digits, rank) : write_number(digits, rank);
  append_label(out, name, {digits, end});
}

void close_series(std::string &out) {
  if (out.ends_with('{')) {
    out.back() = ' ';
  } else {
    out += "} ";
  }
}

template <class Number>
void append_number(std::string &out, Number value) {
  char digits[number_bytes_max];
  out.append(digits, write_number(digits, value));
}
template void append_number(std::string &, double);
template void append_number(std::string &, std::int64_t);
template void append_number(std::string &, std::uint64_t);

void append_seconds(std::string &out, std::int64_t milliseconds) {
  char digits[number_bytes_max];
  out.append(digits, write_seconds(digits, milliseconds));
}

void append_exemplar(std::string &out, metrics::exemplar const &exemplar) {
  auto const &[trace_id, span_id, sampled] = exemplar.trace;
  char trace[2 * sizeof trace_id];
  char span[2 * sizeof span_id];
  metrics::write_hex(trace, trace_id.data(), trace_id.size());
  metrics::write_hex(span, span_id.data(), span_id.size());
  out.append(" # {trace_id=\"").append(trace, sizeof trace);
  out.append("\",span_id=\"").append(span, sizeof span).append("\"} ");
  append_number(out, exemplar.observed);
  out += ' ';
  append_seconds(out, exemplar.timestamp_ms);
}

std::size_t append_foreign_series(std::string &out, text_dialect const &dialect,
                                  family_name const &family,
                                  metrics::foreign_series const &series) {
  series_writer writer{out, dialect, family, series};
  std::visit(writer, series.value);
  return writer.lines();
}

}  // namespace loopmeter::exposition::detail
