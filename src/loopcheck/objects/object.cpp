// SPDX-License-Identifier: Apache-2.0
#include "object.hpp"

#include <utility>

#include "input_error.hpp"

namespace loopcheck {

input_error::input_error(std::string_view file, place where, std::string_view what)
    : std::runtime_error([&] {
        auto text = std::string(file);
        if (where.line > 0) text += ":" + std::to_string(where.line);
        if (where.line > 0 && where.column > 0) text += ":" + std::to_string(where.column);
        return text.append(": ").append(what);
      }()) {}

std::string object_id::text() const {
  return kind + "/" + (space.empty() ? "" : space + "/") + name;
}

labels to_labels(value const &map) {
  labels made;
  for (auto const &[key, held, where] : map.entries()) {
    if (held.is_text()) made.insert_or_assign(key, std::string(held.text()));
  }
  return made;
}

labels object::label_map() const {
  return to_labels(root["metadata"]["labels"]);
}

std::string object::annotation(std::string_view key) const {
  return std::string(root["metadata"]["annotations"][key].text());
}

void inventory::add(object of) {
  auto &kind = by_kind_[of.id.kind];
  auto const [at, fresh] = index_.try_emplace(of.id, kind.size());
  if (fresh) {
    kind.push_back(std::move(of));
    return;
  }
  auto const &there = kind[at->second];
  if (there.root == of.root) return;
  throw input_error(of.file, of.root.where(),
                    of.id.text() + " is there already, with other content, in " + there.file + ":" +
                        std::to_string(there.root.where().line));
}

void inventory::keep(std::string_view kind, std::function<bool(object const &)> const &wanted) {
  auto const at = by_kind_.find(kind);
  if (at == by_kind_.end()) return;
  auto &objects = at->second;
  for (auto const &each : objects)
    index_.erase(each.id);
  std::erase_if(objects, [&](object const &each) { return !wanted(each); });
  for (std::size_t i = 0; i < objects.size(); ++i)
    index_.emplace(objects[i].id, i);
}

std::span<object const> inventory::of_kind(std::string_view kind) const noexcept {
  auto const at = by_kind_.find(kind);
  if (at == by_kind_.end()) return {};
  return at->second;
}

object const *inventory::find(object_id const &id) const noexcept {
  auto const at = index_.find(id);
  return at == index_.end() ? nullptr : &by_kind_.find(id.kind)->second[at->second];
}

object const *inventory::find(std::string_view kind, std::string_view space,
                              std::string_view name) const noexcept {
  return find({std::string(kind), std::string(space), std::string(name)});
}

std::size_t inventory::size() const noexcept {
  return index_.size();
}

std::vector<std::string> inventory::kinds() const {
  std::vector<std::string> all;
  for (auto const &[kind, objects] : by_kind_)
    all.push_back(kind);
  return all;
}

std::set<std::string> inventory::namespaces() const {
  std::set<std::string> all;
  for (auto const &[id, index] : index_) {
    if (!id.space.empty()) all.insert(id.space);
    if (id.kind == "Namespace") all.insert(id.name);
  }
  return all;
}

labels inventory::namespace_labels(std::string_view name) const {
  auto const *const written = find("Namespace", "", name);
  auto made = written == nullptr ? labels{} : written->label_map();
  made.insert_or_assign("kubernetes.io/metadata.name", std::string(name));
  return made;
}

inventory::knowledge inventory::known(std::string_view kind) const noexcept {
  auto const at = known_.find(kind);
  return at == known_.end() ? knowledge::partial : at->second.how;
}

void inventory::set_known(std::string kind, knowledge how, std::string why) {
  known_.insert_or_assign(std::move(kind), state{how, std::move(why)});
}

std::string_view inventory::why_unknown(std::string_view kind) const noexcept {
  auto const at = known_.find(kind);
  return at == known_.end() ? std::string_view{} : std::string_view(at->second.why);
}

}  // namespace loopcheck
