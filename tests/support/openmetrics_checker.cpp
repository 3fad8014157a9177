// SPDX-License-Identifier: Apache-2.0
#include "openmetrics_checker.hpp"

#include "exposition_rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

namespace loopmeter::test {
namespace {

using label_map = std::map<std::string, std::string>;

// What cannot be read any further; caught for each line.
struct unreadable {
  std::string why;
};

std::vector<std::string> suffixes_of(std::string_view type) {
  if (type == "counter") return {"_total", "_created"};
  if (type == "histogram") return {"_bucket", "_count", "_sum", "_created"};
  if (type == "summary") return {"", "_count", "_sum", "_created"};
  if (type == "info") return {"_info"};
  return {""};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

// As Go's %g with a point in every number, which is what the description refers to.
std::string canonical(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[64];
  for (int precision = 1; precision <= 17; ++precision) {
    std::snprintf(digits, sizeof digits, "%.*e", precision - 1, value);
    if (std::strtod(digits, nullptr) == value) break;
  }
  std::string const text = digits;
  int const exponent = std::stoi(text.substr(text.find('e') + 1));
  if (exponent < -4 || exponent >= 6) return text;
  auto const mantissa = static_cast<int>(text.find('e')) - (value < 0 ? 1 : 0);
  int const digit_count = mantissa == 1 ? 1 : mantissa - 1;  // without the point
  std::snprintf(digits, sizeof digits, "%.*f", std::max(digit_count - 1 - exponent, 1), value);
  return digits;
}

class line_reader {
 public:
  explicit line_reader(std::string_view line) : rest_{line} {}

  bool at_end() const { return rest_.empty(); }
  bool next_is(std::string_view text) const { return rest_.starts_with(text); }
  std::string_view rest() const { return rest_; }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void need(std::string_view text) {
    if (!take(text)) throw unreadable{"no '" + std::string{text} + "'"};
  }

  std::string plain_name() {
    std::size_t end = 0;
    while (end < rest_.size() && is_name_character(rest_[end]))
      ++end;
    if (end == 0 || (rest_[0] >= '0' && rest_[0] <= '9')) throw unreadable{"bad name"};
    std::string const name{rest_.substr(0, end)};
    rest_.remove_prefix(end);
    return name;
  }

  std::string quoted() {
    need("\"");
    std::string text;
    while (!take("\"")) {
      if (rest_.empty()) throw unreadable{"open quote"};
      if (!take("\\")) {
        text += rest_.front();
        rest_.remove_prefix(1);
      } else if (take("n")) {
        text += '\n';
      } else if (next_is("\"") || next_is("\\")) {
        text += rest_.front();
        rest_.remove_prefix(1);
      } else {
        throw unreadable{"bad escape"};
      }
    }
    return text;
  }

  std::string name() { return next_is("\"") ? quoted() : plain_name(); }

  // Labels up to the brace; a name in quotes alone is the metric's.
  label_map labels(std::string *metric_name) {
    label_map read;
    for (bool first = true; !take("}"); first = false) {
      if (!first) need(",");
      bool const is_quoted = next_is("\"");
      std::string const name = this->name();
      if (is_quoted && metric_name != nullptr && metric_name->empty() && !next_is("=")) {
        *metric_name = name;
        continue;
      }
      if (!is_quoted && name.find(':') != std::string::npos) throw unreadable{"bad label name"};
      need("=");
      if (!read.emplace(name, quoted()).second) throw unreadable{"a label twice"};
    }
    return read;
  }

  std::string word() {
    std::string const text{rest_.substr(0, rest_.find(' '))};
    rest_.remove_prefix(text.size());
    return text;
  }

  double number() {
    auto const read = parse_number(word());
    if (!read || !read->is_canonical) throw unreadable{"bad number"};
    return read->value;
  }

 private:
  std::string_view rest_;
};

class openmetrics_reader {
 public:
  explicit openmetrics_reader(openmetrics_exposition &into) : into_{into} {}

  void read(std::string_view bytes) {
    if (!bytes.ends_with("# EOF\n") || (bytes.size() > 6 && bytes[bytes.size() - 7] != '\n')) {
      report("no # EOF");
    }
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.find('\n') + 1, bytes.size()))) {
      ++line_;
      std::string_view const text = bytes.substr(0, bytes.find('\n'));
      if (ended_) report("something behind # EOF");
      try {
        read_line(text);
      } catch (unreadable const &found) {
        report(found.why + ": " + std::string{text});
      }
      if (bytes.find('\n') == std::string_view::npos) break;
    }
    end_family();
  }

 private:
  void report(std::string const &what) {
    into_.findings.push_back("line " + std::to_string(line_) + ": " + what);
  }
  checked_family &family() { return into_.families.back(); }

  void read_line(std::string_view text) {
    if (text == "# EOF") {
      ended_ = true;
    } else if (text.starts_with("# ")) {
      read_comment(line_reader{text.substr(2)});
    } else {
      read_sample(line_reader{text});
    }
  }

  void read_comment(line_reader from) {
    std::string const word = from.word();
    if (word != "HELP" && word != "TYPE" && word != "UNIT") throw unreadable{"a comment"};
    from.need(" ");
    std::string const name = from.name();
    from.need(" ");
    bool const continues =
        !into_.families.empty() && family().name == name && family().samples.empty();
    if (!continues) begin_family(name);
    if (!seen_.insert(word).second) report(word + " twice");
    if (word == "TYPE") {
      static std::set<std::string> const types{"counter", "gauge",   "histogram",
                                               "info",    "summary", "unknown"};
      family().type = from.word();
      if (!types.contains(family().type)) report("unknown type");
    } else if (word == "UNIT") {
      if (!name.ends_with("_" + std::string{from.rest()})) report("the name has not the unit");
      if (family().type == "info") report("an info with a unit");
    } else {
      family().help = from.rest();
    }
  }

  void begin_family(std::string const &name) {
    end_family();
    into_.families.push_back({.name = name, .type = {}, .help = {}, .samples = {}});
    seen_.clear();
    metrics_.clear();
    last_metric_ = {};
  }

  void end_family() {
    if (into_.families.empty() || closed_ == into_.families.size()) return;
    closed_ = into_.families.size();
    std::set<std::string> names{family().name};
    for (std::string const &suffix : suffixes_of(family().type))
      names.insert(family().name + suffix);
    for (std::string const &name : names) {
      if (!names_.insert(name).second) report("clashing name: " + name);
    }
    if (family().samples.empty()) report("no samples: " + family().name);
    std::vector<finding> found;
    checked_family without = family();
    std::erase_if(without.samples,
                  [](sample const &one) { return one.name.ends_with("_created"); });
    if (without.type == "histogram" || without.type == "summary") check_family(without, found);
    for (finding const &one : found)
      into_.findings.push_back("line " + std::to_string(one.line) + ": " +
                               std::string{name_of(one.code)});
  }

  void read_sample(line_reader from) {
    sample read{.name = {}, .labels = {}, .value_text = {}, .timestamp_ms = {}, .line = line_};
    if (!from.next_is("{")) read.name = from.plain_name();
    if (from.take("{")) read.labels = from.labels(&read.name);
    from.need(" ");
    read.value = from.number();
    if (!from.at_end() && !from.next_is(" # ")) {
      from.need(" ");
      if (!std::isfinite(from.number())) throw unreadable{"bad timestamp"};
    }
    if (into_.families.empty()) throw unreadable{"no TYPE"};
    std::string_view const suffix = suffix_of(read.name);
    if (from.take(" # ")) read_exemplar(from, suffix);
    if (!from.at_end()) throw unreadable{"trailing text"};
    check_sample(read, suffix);
    family().samples.push_back(std::move(read));
  }

  std::string_view suffix_of(std::string const &name) {
    auto const suffixes = suffixes_of(family().type);
    auto const found = std::ranges::find_if(
        suffixes, [&](std::string const &one) { return name == family().name + one; });
    if (found == suffixes.end()) throw unreadable{"not of its family"};
    suffix_ = *found;
    return suffix_;
  }

  void read_exemplar(line_reader &from, std::string_view suffix) {
    bool const may = (family().type == "counter" && suffix == "_total") ||
                     (family().type == "histogram" && suffix == "_bucket");
    if (!may) report("an exemplar where none may be");
    from.need("{");
    std::size_t characters = 0;
    for (auto const &[name, value] : from.labels(nullptr))
      characters += name.size() + value.size();
    if (characters > 128) report("an exemplar too long");
    from.need(" ");
    from.number();
    if (from.take(" ") && !std::isfinite(from.number())) report("bad timestamp");
    if (!from.at_end()) throw unreadable{"trailing text"};
    ++into_.exemplars;
  }

  void check_sample(sample const &read, std::string_view suffix) {
    std::string const &type = family().type;
    label_map metric = read.labels;
    if (type == "histogram" && suffix == "_bucket") check_rank(read, metric, "le");
    if (type == "summary" && suffix.empty()) check_rank(read, metric, "quantile");
    if (type == "info" && read.value != 1) report("an info that is not 1");
    bool const counts = suffix == "_total" || suffix == "_count" || suffix == "_bucket";
    if (counts && !(read.value >= 0)) report("a counter below 0");
    if (!series_.emplace(read.name, read.labels).second) report("a series twice");
    bool const is_new = metrics_.insert(metric).second;
    if (!is_new && metric != last_metric_) report("metrics interleaved");
    last_metric_ = metric;
  }

  void check_rank(sample const &read, label_map &metric, std::string const &label) {
    auto const rank = metric.extract(label);
    if (rank.empty()) return report("no " + label);
    auto const value = parse_number(rank.mapped());
    if (!value || canonical(value->value) != rank.mapped()) {
      report(label + " is not canonical: " + read.labels.at(label));
    }
  }

  openmetrics_exposition &into_;
  std::size_t line_ = 0;
  std::size_t closed_ = 0;
  bool ended_ = false;
  std::string suffix_;
  std::set<std::string> seen_;   // of this family: HELP, TYPE, UNIT
  std::set<std::string> names_;  // of families and of their series
  std::set<label_map> metrics_;
  label_map last_metric_;
  std::set<std::pair<std::string, label_map>> series_;
};

}  // namespace

std::optional<double> openmetrics_exposition::value(std::string_view name,
                                                    label_map const &labels) const {
  for (checked_family const &family : families) {
    for (sample const &one : family.samples) {
      if (one.name == name && one.labels == labels) return one.value;
    }
  }
  return std::nullopt;
}

std::string openmetrics_exposition::findings_text() const {
  std::string text;
  for (std::string const &one : findings)
    text += one + '\n';
  return text;
}

openmetrics_exposition check_openmetrics(std::string_view bytes) {
  openmetrics_exposition checked;
  openmetrics_reader{checked}.read(bytes);
  return checked;
}

}  // namespace loopmeter::test
