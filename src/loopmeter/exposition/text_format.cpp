// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/text_format.hpp>

#include <loopmeter/exposition/number.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <variant>

namespace loopmeter::exposition::detail {
namespace {

void append_escaped(std::string &out, std::string_view text, bool quotes) {
  for (char const c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (quotes && c == '"')) out += '\\';
      out += c;
    }
  }
}

// Writes the lines of one foreign series.
class series_writer {
 public:
  series_writer(std::string &out, std::string_view family, metrics::foreign_series const &series)
      : out_{out}, family_{family}, series_{series} {}

  template <class Number>
  void operator()(Number const &value) {
    line("", "", 0, value);
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
    out_.append(family_).append(suffix);
    if (!series_.labels.empty() || !rank_label.empty()) {
      out_ += '{';
      for (metrics::label const &one : series_.labels)
        append_label(out_, one.name, one.value);
      if (!rank_label.empty()) {
        append_label(out_, rank_label, "");
        out_.pop_back();  // the closing quote: the rank comes before it
        append_number(out_, rank);
        out_ += '"';
      }
      out_ += '}';
    }
    out_ += ' ';
    append_number(out_, value);
    if (series_.timestamp_ms != 0) {
      out_ += ' ';
      append_number(out_, series_.timestamp_ms);
    }
    out_ += '\n';
    ++lines_;
  }

  std::string &out_;
  std::string_view family_;
  metrics::foreign_series const &series_;
  std::size_t lines_ = 0;
};

}  // namespace

void append_escaped_help(std::string &out, std::string_view help) {
  append_escaped(out, help, false);
}

void append_escaped_value(std::string &out, std::string_view value) {
  append_escaped(out, value, true);
}

void append_head(std::string &out, std::string_view name, std::string_view help,
                 metrics::metric_type type) {
  if (!help.empty()) {
    out.append("# HELP ").append(name) += ' ';
    append_escaped_help(out, help);
    out += '\n';
  }
  out.append("# TYPE ").append(name) += ' ';
  out.append(metrics::type_name(type)) += '\n';
}

void append_label(std::string &out, std::string_view name, std::string_view value) {
  if (!out.ends_with('{')) out += ',';
  out.append(name).append("=\"");
  append_escaped_value(out, value);
  out += '"';
}

template <class Number>
void append_number(std::string &out, Number value) {
  char digits[number_bytes_max];
  out.append(digits, write_number(digits, value));
}
template void append_number(std::string &, double);
template void append_number(std::string &, std::int64_t);
template void append_number(std::string &, std::uint64_t);

std::size_t append_foreign(std::string &out, metrics::foreign_family const &family) {
  append_head(out, family.name, family.help, family.type);
  std::size_t lines = 0;
  for (metrics::foreign_series const &series : family.series) {
    series_writer writer{out, family.name, series};
    std::visit(writer, series.value);
    lines += writer.lines();
  }
  return lines;
}

}  // namespace loopmeter::exposition::detail
