// SPDX-License-Identifier: Apache-2.0
// Prometheus' relabelling, with RE2 as its regex dialect and anchored as Prometheus anchors.
// Source: prometheus/prometheus model/relabel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "label_name.hpp"

namespace loopcheck {

/// As in a configuration file; what is absent there has Prometheus' default here.
struct relabel_rule {
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string target_label;
  std::string regex = "(.*)";
  std::uint64_t modulus = 0;
  std::string replacement = "$1";
  std::string action = "replace";  ///< lower case
  /// Of the fields that have a default: is it written, even if as the default? Prometheus refuses
  /// keepequal and dropequal with a regex that is.
  struct {
    bool separator = false, regex = false, replacement = false, action = false;
  } written;
  /// Who asked for it, for messages: "spec.endpoints[0].relabelings[1]", "the operator: port".
  std::string origin;

  friend bool operator==(relabel_rule const &a,
                         relabel_rule const &b);  ///< by what it does, not by origin
};

/// Rules with their regexes compiled once. Applying is thread-safe.
class relabeling {
 public:
  /// Throws relabel_error, with the rule's origin, for what Prometheus would not load.
  explicit relabeling(std::vector<relabel_rule> rules, label_scheme names = label_scheme::utf8);
  /// The same of rules that stay where they are for as long.
  static relabeling of(std::vector<relabel_rule> const &rules, label_scheme names);
  ~relabeling();
  relabeling(relabeling &&) noexcept;
  relabeling &operator=(relabeling &&) noexcept;

  /// False where a rule drops it; `dropped_by` is then the rule's index. Labels with an empty value
  /// are removed, as Prometheus does.
  bool apply(labels &of, std::size_t *dropped_by = nullptr) const;
  /// One rule of them. False where it drops.
  bool apply_one(std::size_t index, labels &of) const;
  /// Does this keep or drop rule drop it? False of other actions.
  bool drops(std::size_t index, labels const &of) const;
  /// The one text that a rule's regex matches, where that is all.
  std::optional<std::string> literal(std::size_t index) const;
  std::span<relabel_rule const> rules() const noexcept { return rules_; }

 private:
  struct step;
  relabeling(std::vector<relabel_rule> owned, std::span<relabel_rule const> rules,
             label_scheme names);

  std::vector<relabel_rule> owned_;  ///< or none
  std::span<relabel_rule const> rules_;
  std::vector<step> steps_;  ///< one for each rule
  label_scheme names_;
};

class relabel_error : public std::runtime_error {
 public:
  relabel_error(std::size_t rule_index, std::string const &what);
  std::size_t rule_index;
};

/// Why Prometheus would not load it; empty where it would.
std::string why_not_loaded(relabel_rule const &of, label_scheme names);

/// One line, for people: `keep if __meta_kubernetes_service_label_app =~ "demo"`.
std::string text(relabel_rule const &of);

}  // namespace loopcheck
