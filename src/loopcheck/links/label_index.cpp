// SPDX-License-Identifier: Apache-2.0
#include "label_index.hpp"

namespace loopcheck {
namespace {

// No octet of a name or label is 0.
std::string joined(std::string_view space, std::string_view key, std::string_view held) {
  return std::string(space).append(1, '\0').append(key).append(1, '\0').append(held);
}

}  // namespace

void label_index::add(object const &of, labels with) {
  by_space_[of.id.space].push_back(all_.size());
  for (auto const &[key, held] : with) {
    by_label_[joined(of.id.space, key, held)].push_back(all_.size());
  }
  all_.push_back({&of, std::move(with)});
}

std::vector<object const *> label_index::matching(selector const &choice,
                                                  std::string_view space) const {
  std::vector<object const *> found;
  auto const in_space = by_space_.find(std::string(space));
  if (choice.selects_nothing() || in_space == by_space_.end()) return found;
  auto const *narrowest = &in_space->second;
  static list const none;
  for (auto const &each : choice.requirements()) {
    if (each.how != selector::requirement::op::in || each.values.size() != 1) continue;
    auto const at = by_label_.find(joined(space, each.key, each.values.front()));
    auto const *const those = at == by_label_.end() ? &none : &at->second;
    if (those->size() < narrowest->size()) narrowest = those;
  }
  for (auto const index : *narrowest) {
    if (choice.matches(all_[index].has)) found.push_back(all_[index].held);
  }
  return found;
}

}  // namespace loopcheck
