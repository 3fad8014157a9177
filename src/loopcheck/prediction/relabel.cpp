// SPDX-License-Identifier: Apache-2.0
#include "relabel.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <openssl/evp.h>

#include "go_regex.hpp"

namespace loopcheck {

namespace {

enum class action {
  replace,
  keep,
  drop,
  keepequal,
  dropequal,
  hashmod,
  labelmap,
  labeldrop,
  labelkeep,
  lowercase,
  uppercase,
};

std::optional<action> action_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, action>, 11> names{{
      {"replace", action::replace},
      {"keep", action::keep},
      {"drop", action::drop},
      {"keepequal", action::keepequal},
      {"dropequal", action::dropequal},
      {"hashmod", action::hashmod},
      {"labelmap", action::labelmap},
      {"labeldrop", action::labeldrop},
      {"labelkeep", action::labelkeep},
      {"lowercase", action::lowercase},
      {"uppercase", action::uppercase},
  }};
  for (auto const &[text, one] : names) {
    if (text == name) {
      return one;
    }
  }
  return std::nullopt;
}

bool has_variable(std::string_view template_text) {
  return template_text.find('$') != std::string_view::npos;
}

/// A name with variables in it, of what the legacy scheme allows.
bool valid_template(std::string const &text, label_scheme names) {
  if (names == label_scheme::utf8) {
    return valid_label_name(text, names);
  }
  static auto const legacy = go_regex::anchored("(?:(?:[a-zA-Z_]|\\$(?:\\{\\w+\\}|\\w+))+\\w*)+");
  return legacy.matches(text);
}

/// The operator's rules are mostly of these shapes, for which nothing has to be compiled.
enum class shape { any, some, literal, regex };

shape shape_of(std::string_view pattern) {
  if (pattern == "(.*)") {
    return shape::any;
  }
  if (pattern == "(.+)") {
    return shape::some;
  }
  bool const plain = std::all_of(pattern.begin(), pattern.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == ';' || c == '/' || c == ':';
  });
  return plain ? shape::literal : shape::regex;
}

/// "(demo);true", as the operator writes a selector: the text that it matches.
std::optional<std::string> literal_of(std::string_view pattern) {
  if (shape_of(pattern) == shape::literal) {
    return std::string(pattern);
  }
  auto const end = pattern.find(')');
  if (!pattern.starts_with('(') || end == std::string_view::npos) {
    return std::nullopt;
  }
  auto const inside = pattern.substr(1, end - 1);
  auto const after = pattern.substr(end + 1);
  if (shape_of(inside) != shape::literal || shape_of(after) != shape::literal) {
    return std::nullopt;
  }
  return std::string(inside) + std::string(after);
}

std::uint64_t hash_of(std::string_view text) {
  static EVP_MD *const md5 = EVP_MD_fetch(nullptr, "MD5", "provider=default");
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  EVP_Digest(text.data(), text.size(), sum.data(), nullptr, md5, nullptr);
  std::uint64_t result = 0;  // of the last eight bytes, the first of them is the highest
  for (std::size_t i = 8; i < 16; ++i) {
    result = result << 8 | sum[i];
  }
  return result;
}

void set(labels &of, std::string const &name, std::string text) {
  if (text.empty()) {
    of.erase(name);
  } else {
    of.insert_or_assign(name, std::move(text));
  }
}

std::string_view get(labels const &of, std::string const &name) {
  auto const found = of.find(name);
  return found == of.end() ? std::string_view() : std::string_view(found->second);
}

std::string joined(labels const &of, relabel_rule const &rule) {
  std::string result;
  for (std::size_t i = 0; i < rule.source_labels.size(); ++i) {
    if (i > 0) {
      result += rule.separator;
    }
    result += get(of, rule.source_labels[i]);
  }
  return result;
}

}  // namespace

/// A rule, prepared.
struct relabeling::step {
  loopcheck::action action = action::replace;
  loopcheck::shape shape = shape::regex;
  std::string literal;        ///< where that is its shape
  bool whole = false;         ///< the replacement is the whole of what `any` and `some` match
  bool fixed_target = false;  ///< no variables in target_label
  bool fixed_replacement = false;
  go_regex regex;  ///< where the shape is not enough

  bool matches(std::string_view text) const {
    switch (shape) {
      case shape::any:
        return true;
      case shape::some:
        return !text.empty();
      case shape::literal:
        return text == literal;
      case shape::regex:
        break;
    }
    return regex.matches(text);
  }

  void replace(labels &of, relabel_rule const &rule, std::string const &text,
               label_scheme names) const {
    bool const simple = fixed_target && (fixed_replacement || whole);
    if (simple && shape != shape::regex) {
      if (matches(text)) {
        set(of, rule.target_label, whole ? text : rule.replacement);
      }
      return;
    }
    auto const found = regex.find(text);
    if (!found) {
      return;
    }
    auto const target = regex.expand(rule.target_label, *found);
    if (valid_label_name(target, names)) {
      set(of, target, regex.expand(rule.replacement, *found));
    }
  }

  void map(labels &of, relabel_rule const &rule) const {
    labels const before = of;
    for (auto const &[name, text] : before) {
      if (regex.matches(name)) {
        set(of, regex.replace_all(name, rule.replacement), text);
      }
    }
  }
};

relabel_error::relabel_error(std::size_t index, std::string const &what)
    : std::runtime_error(what), rule_index(index) {}

relabeling::relabeling(std::vector<relabel_rule> rules, label_scheme names)
    : relabeling(std::move(rules), {}, names) {}

relabeling relabeling::of(std::vector<relabel_rule> const &rules, label_scheme names) {
  return {{}, rules, names};
}

relabeling::relabeling(std::vector<relabel_rule> owned, std::span<relabel_rule const> rules,
                       label_scheme names)
    : owned_(std::move(owned)), rules_(owned_.empty() ? rules : owned_), names_(names) {
  steps_.reserve(rules_.size());
  for (auto const &rule : rules_) {
    auto const index = steps_.size();
    if (auto const why = why_not_loaded(rule, names); !why.empty()) {
      throw relabel_error(index, rule.origin + ": " + why);
    }
    auto &made = steps_.emplace_back();
    made.action = action_of(rule.action).value_or(action::replace);
    made.shape = shape_of(rule.regex);
    made.fixed_target = !has_variable(rule.target_label);
    made.fixed_replacement = !has_variable(rule.replacement);
    bool const first_group = rule.replacement == "$1" || rule.replacement == "${1}";
    made.whole = first_group && (made.shape == shape::any || made.shape == shape::some);
    bool const tests = made.action == action::keep || made.action == action::drop ||
                       made.action == action::labeldrop || made.action == action::labelkeep;
    if (auto text = literal_of(rule.regex); text && tests) {
      made.shape = shape::literal;
      made.literal = std::move(*text);
    } else if (made.shape == shape::literal) {
      made.literal = rule.regex;
    }
    bool const simple = made.fixed_target && (made.fixed_replacement || made.whole);
    bool const compiles = made.shape == shape::regex || made.action == action::labelmap ||
                          (made.action == action::replace && !simple);
    if (compiles) {
      made.regex = go_regex::anchored(rule.regex);
    }
  }
}

relabeling::~relabeling() = default;
relabeling::relabeling(relabeling &&) noexcept = default;
relabeling &relabeling::operator=(relabeling &&) noexcept = default;

bool relabeling::drops(std::size_t index, labels const &of) const {
  auto const &made = steps_[index];
  bool const filters = made.action == action::keep || made.action == action::drop;
  return filters && made.matches(joined(of, rules_[index])) == (made.action == action::drop);
}

std::optional<std::string> relabeling::literal(std::size_t index) const {
  return literal_of(rules_[index].regex);
}

bool relabeling::apply(labels &of, std::size_t *dropped_by) const {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!apply_one(i, of)) {
      if (dropped_by != nullptr) {
        *dropped_by = i;
      }
      return false;
    }
  }
  return true;
}

bool relabeling::apply_one(std::size_t index, labels &of) const {
  auto const &rule = rules_[index];
  auto const &made = steps_[index];
  auto text = joined(of, rule);
  switch (made.action) {
    case action::keep:
      return made.matches(text);
    case action::drop:
      return !made.matches(text);
    case action::keepequal:
      return get(of, rule.target_label) == text;
    case action::dropequal:
      return get(of, rule.target_label) != text;
    case action::replace:
      made.replace(of, rule, text, names_);
      break;
    case action::lowercase:
      set(of, rule.target_label, lower_case(text));
      break;
    case action::uppercase:
      set(of, rule.target_label, upper_case(text));
      break;
    case action::hashmod:
      set(of, rule.target_label, std::to_string(hash_of(text) % rule.modulus));
      break;
    case action::labelmap:
      made.map(of, rule);
      break;
    case action::labeldrop:
    case action::labelkeep:
      std::erase_if(of, [&](auto const &one) {
        return made.matches(one.first) == (made.action == action::labeldrop);
      });
      break;
  }
  return true;
}

namespace {

bool takes_target(action of) {
  return of == action::replace || of == action::hashmod || of == action::lowercase ||
         of == action::uppercase || of == action::keepequal || of == action::dropequal;
}

std::string why_not_target(relabel_rule const &of, action does, label_scheme names) {
  if (!takes_target(does)) {
    return {};
  }
  if (of.target_label.empty()) {
    return of.action + " needs a target label";
  }
  bool const templated = does == action::replace && has_variable(of.target_label);
  if (templated ? !valid_template(of.target_label, names)
                : !valid_label_name(of.target_label, names)) {
    return '"' + of.target_label + "\" is no valid target label for " + of.action;
  }
  return {};
}

}  // namespace

std::string why_not_loaded(relabel_rule const &of, label_scheme names) {
  auto const found = action_of(of.action);
  if (!found) {
    return "unknown action \"" + of.action + '"';
  }
  auto const does = *found;
  if (shape_of(of.regex) == shape::regex && !literal_of(of.regex)) {
    if (auto const regex = go_regex::anchored(of.regex); !regex.error().empty()) {
      return "the regular expression \"" + of.regex + "\" does not compile: " + regex.error();
    }
  }
  if (does == action::hashmod && of.modulus == 0) {
    return "hashmod needs a modulus";
  }
  if (auto why = why_not_target(of, does, names); !why.empty()) {
    return why;
  }
  bool const plain = of.replacement == "$1" && of.separator == ";" && of.modulus == 0;
  if ((does == action::lowercase || does == action::uppercase) && of.replacement != "$1") {
    return of.action + " takes no replacement";
  }
  if (does == action::labelmap && !valid_template(of.replacement, names)) {
    return '"' + of.replacement + "\" is no valid replacement for labelmap";
  }
  if ((does == action::keepequal || does == action::dropequal) && (!plain || of.written.regex)) {
    return of.action + " takes source labels and a target label, and nothing else";
  }
  if ((does == action::labeldrop || does == action::labelkeep) &&
      (!plain || !of.source_labels.empty() || !of.target_label.empty())) {
    return of.action + " takes a regex and nothing else";
  }
  return {};
}

bool operator==(relabel_rule const &a, relabel_rule const &b) {
  return a.source_labels == b.source_labels && a.separator == b.separator &&
         a.target_label == b.target_label && a.regex == b.regex && a.modulus == b.modulus &&
         a.replacement == b.replacement && a.action == b.action;
}

std::string text(relabel_rule const &of) {
  std::string from;
  for (auto const &one : of.source_labels) {
    from += (from.empty() ? "" : ", ") + one;
  }
  auto const does = action_of(of.action);
  if (!does) {
    return of.action;
  }
  switch (*does) {
    case action::keep:
    case action::drop:
      return of.action + " if " + from + " =~ \"" + of.regex + '"';
    case action::keepequal:
    case action::dropequal:
      return of.action + " if " + from + " = " + of.target_label;
    case action::labeldrop:
    case action::labelkeep:
      return of.action + " =~ \"" + of.regex + '"';
    case action::labelmap:
      return "labelmap \"" + of.regex + "\" to \"" + of.replacement + '"';
    case action::hashmod:
      return of.target_label + " = hash of " + from + " modulo " + std::to_string(of.modulus);
    case action::lowercase:
    case action::uppercase:
      return of.target_label + " = " + of.action + " of " + from;
    case action::replace:
      break;
  }
  auto result = of.target_label + " = \"" + of.replacement + '"';
  if (!from.empty()) {
    result += " of " + from + (of.regex == "(.*)" ? "" : " =~ \"" + of.regex + '"');
  }
  return result;
}

}  // namespace loopcheck
