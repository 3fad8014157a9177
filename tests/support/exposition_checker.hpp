// SPDX-License-Identifier: Apache-2.0
// A strict reader of the Prometheus text format 0.0.4, written against its description and sharing
// no code with the encoders that it judges. Stricter than Prometheus: what only some readers take
// (no TYPE, names spelt otherwise) is a finding, too.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::test {

enum class finding_code {
  // Bytes and lines
  no_final_newline,
  carriage_return,
  not_utf8,
  leading_space,
  // HELP and TYPE
  help_without_name,
  help_bad_name,
  help_bad_escape,
  help_twice,
  help_after_samples,
  type_bad_name,
  type_missing,
  type_unknown,
  type_twice,
  type_after_samples,
  type_trailing_text,
  family_without_samples,
  family_interleaved,
  // Samples
  sample_bad_name,
  sample_without_type,
  sample_wrong_suffix,
  label_bad_name,
  label_reserved,
  label_twice,
  label_no_equals,
  label_no_quote,
  label_no_comma,
  label_bad_escape,
  label_unterminated,
  braces_unterminated,
  value_missing,
  value_malformed,
  value_spelling,
  timestamp_malformed,
  trailing_text,
  series_twice,
  // Meaning
  counter_negative,
  counter_nan,
  histogram_le_missing,
  histogram_le_malformed,
  histogram_le_not_rising,
  histogram_buckets_fall,
  histogram_bucket_not_count,
  histogram_no_infinity,
  histogram_count_mismatch,
  histogram_no_sum,
  histogram_no_count,
  summary_quantile_missing,
  summary_quantile_malformed,
  summary_count_not_count,
  summary_no_sum,
  summary_no_count,
};

/// The enumerator's name.
std::string_view name_of(finding_code code);

struct finding {
  finding_code code;
  std::size_t line;  // from 1
  std::string text;  // the line, or the series, that it is about
};

struct sample {
  bool operator==(sample const &) const = default;

  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
  std::string value_text;
  std::optional<std::int64_t> timestamp_ms;
  std::size_t line = 0;
};

struct checked_family {
  std::string name;
  std::string type;  // empty: it had none
  std::string help;  // unescaped
  bool has_help = false;
  std::vector<sample> samples;
};

struct checked_exposition {
  std::vector<finding> findings;
  std::vector<checked_family> families;

  /// The value of one series; none when it is absent. Labels as in the exposition, unescaped.
  std::optional<double> value(std::string_view name,
                              std::map<std::string, std::string> const &labels = {}) const;
  std::size_t sample_count() const;
  /// One finding a line, for a message.
  std::string findings_text() const;
};

checked_exposition check_exposition(std::string_view bytes);

}  // namespace loopmeter::test
