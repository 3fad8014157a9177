// SPDX-License-Identifier: Apache-2.0
#include "exposition_rules.hpp"

#include <cmath>
#include <string>
#include <utility>

namespace loopmeter::test {
namespace {

using label_map = std::map<std::string, std::string>;

// What belongs to one label set of a histogram or summary.
struct group {
  std::vector<std::pair<double, sample const *>> ranks;  // by le or quantile, as they came
  sample const *sum = nullptr;
  sample const *count = nullptr;
  sample const *any = nullptr;
};

bool is_count(double value) {
  return value >= 0 && std::isfinite(value) && value == std::floor(value);
}

class family_check {
 public:
  family_check(checked_family const &family, std::vector<finding> &findings)
      : family_{family}, findings_{findings} {}

  void run() {
    if (family_.samples.empty()) {
      findings_.push_back({finding_code::family_without_samples, 0, family_.name});
    } else if (family_.type == "counter") {
      for (sample const &one : family_.samples) {
        if (std::isnan(one.value)) report(finding_code::counter_nan, one);
        if (one.value < 0) report(finding_code::counter_negative, one);
      }
    } else if (family_.type == "histogram") {
      sort_out("_bucket", "le", finding_code::histogram_le_missing,
               finding_code::histogram_le_malformed);
      for (auto const &[labels, group] : groups_)
        check_histogram(group);
    } else if (family_.type == "summary") {
      sort_out("", "quantile", finding_code::summary_quantile_missing,
               finding_code::summary_quantile_malformed);
      for (auto const &[labels, group] : groups_)
        check_summary(group);
    }
  }

 private:
  void report(finding_code code, sample const &about) {
    std::string text = about.name;
    for (auto const &[name, value] : about.labels)
      text += ' ' + name + '=' + value;
    findings_.push_back({code, about.line, text + ' ' + about.value_text});
  }

  // Sorts the samples into groups of equal labels, the rank's label left out.
  void sort_out(std::string_view rank_suffix, std::string const &rank_label, finding_code missing,
                finding_code malformed) {
    for (sample const &one : family_.samples) {
      label_map labels = one.labels;
      std::string_view const suffix = std::string_view{one.name}.substr(family_.name.size());
      if (suffix != rank_suffix) {
        group &into = groups_[labels];
        into.any = &one;
        (suffix == "_sum" ? into.sum : into.count) = &one;
        continue;
      }
      auto const rank = labels.extract(rank_label);
      if (rank.empty()) {
        report(missing, one);
        continue;
      }
      auto const value = parse_number(rank.mapped());
      if (!value || !value->is_canonical || std::isnan(value->value)) {
        report(malformed, one);
        continue;
      }
      group &into = groups_[labels];
      into.any = &one;
      into.ranks.emplace_back(value->value, &one);
    }
  }

  void check_histogram(group const &group) {
    std::pair<double, sample const *> before{0, nullptr};
    for (auto const &rank : group.ranks) {
      auto const &[le, bucket] = rank;
      if (!is_count(bucket->value)) report(finding_code::histogram_bucket_not_count, *bucket);
      if (before.second != nullptr && le <= before.first) {
        report(finding_code::histogram_le_not_rising, *bucket);
      } else if (before.second != nullptr && bucket->value < before.second->value) {
        report(finding_code::histogram_buckets_fall, *bucket);
      }
      before = rank;
    }
    bool const has_infinity = before.second != nullptr && std::isinf(before.first);
    if (!has_infinity) report(finding_code::histogram_no_infinity, *group.any);
    if (group.sum == nullptr) report(finding_code::histogram_no_sum, *group.any);
    if (group.count == nullptr) {
      report(finding_code::histogram_no_count, *group.any);
    } else if (has_infinity && group.count->value != before.second->value) {
      report(finding_code::histogram_count_mismatch, *group.count);
    }
  }

  void check_summary(group const &group) {
    for (auto const &[quantile, value] : group.ranks) {
      bool const is_quantile = quantile >= 0 && quantile <= 1;
      if (!is_quantile) report(finding_code::summary_quantile_malformed, *value);
    }
    if (group.sum == nullptr) report(finding_code::summary_no_sum, *group.any);
    if (group.count == nullptr) {
      report(finding_code::summary_no_count, *group.any);
    } else if (!is_count(group.count->value)) {
      report(finding_code::summary_count_not_count, *group.count);
    }
  }

  checked_family const &family_;
  std::vector<finding> &findings_;
  std::map<label_map, group> groups_;
};

}  // namespace

bool is_series_of(std::string_view series, checked_family const &family) {
  if (!series.starts_with(family.name)) return false;
  std::string_view const suffix = series.substr(family.name.size());
  if (family.type == "histogram") {
    return suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
  }
  if (family.type == "summary") return suffix.empty() || suffix == "_sum" || suffix == "_count";
  return suffix.empty();
}

void check_family(checked_family const &family, std::vector<finding> &findings) {
  family_check{family, findings}.run();
}

std::string_view name_of(finding_code code) {
#define LOOPMETER_FINDING(name) \
  case finding_code::name:      \
    return #name
  switch (code) {
    LOOPMETER_FINDING(no_final_newline);
    LOOPMETER_FINDING(carriage_return);
    LOOPMETER_FINDING(not_utf8);
    LOOPMETER_FINDING(leading_space);
    LOOPMETER_FINDING(help_without_name);
    LOOPMETER_FINDING(help_bad_name);
    LOOPMETER_FINDING(help_bad_escape);
    LOOPMETER_FINDING(help_twice);
    LOOPMETER_FINDING(help_after_samples);
    LOOPMETER_FINDING(type_bad_name);
    LOOPMETER_FINDING(type_missing);
    LOOPMETER_FINDING(type_unknown);
    LOOPMETER_FINDING(type_twice);
    LOOPMETER_FINDING(type_after_samples);
    LOOPMETER_FINDING(type_trailing_text);
    LOOPMETER_FINDING(family_without_samples);
    LOOPMETER_FINDING(family_interleaved);
    LOOPMETER_FINDING(sample_bad_name);
    LOOPMETER_FINDING(sample_without_type);
    LOOPMETER_FINDING(sample_wrong_suffix);
    LOOPMETER_FINDING(label_bad_name);
    LOOPMETER_FINDING(label_reserved);
    LOOPMETER_FINDING(label_twice);
    LOOPMETER_FINDING(label_no_equals);
    LOOPMETER_FINDING(label_no_quote);
    LOOPMETER_FINDING(label_no_comma);
    LOOPMETER_FINDING(label_bad_escape);
    LOOPMETER_FINDING(label_unterminated);
    LOOPMETER_FINDING(braces_unterminated);
    LOOPMETER_FINDING(value_missing);
    LOOPMETER_FINDING(value_malformed);
    LOOPMETER_FINDING(value_spelling);
    LOOPMETER_FINDING(timestamp_malformed);
    LOOPMETER_FINDING(trailing_text);
    LOOPMETER_FINDING(series_twice);
    LOOPMETER_FINDING(counter_negative);
    LOOPMETER_FINDING(counter_nan);
    LOOPMETER_FINDING(histogram_le_missing);
    LOOPMETER_FINDING(histogram_le_malformed);
    LOOPMETER_FINDING(histogram_le_not_rising);
    LOOPMETER_FINDING(histogram_buckets_fall);
    LOOPMETER_FINDING(histogram_bucket_not_count);
    LOOPMETER_FINDING(histogram_no_infinity);
    LOOPMETER_FINDING(histogram_count_mismatch);
    LOOPMETER_FINDING(histogram_no_sum);
    LOOPMETER_FINDING(histogram_no_count);
    LOOPMETER_FINDING(summary_quantile_missing);
    LOOPMETER_FINDING(summary_quantile_malformed);
    LOOPMETER_FINDING(summary_count_not_count);
    LOOPMETER_FINDING(summary_no_sum);
    LOOPMETER_FINDING(summary_no_count);
  }
#undef LOOPMETER_FINDING
  return "unknown";
}

}  // namespace loopmeter::test
