// SPDX-License-Identifier: Apache-2.0
#include "value.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace loopcheck {
namespace {

value const nothing;

}  // namespace

value::value() = default;
value::value(value const &) = default;
value::value(value &&) noexcept = default;
value &value::operator=(value const &) = default;
value &value::operator=(value &&) noexcept = default;
value::~value() = default;
value::value(char const *of) : value(std::string(of)) {}
value::value(bool of) : held_(of ? "true" : "false"), type_(type::boolean) {}
value::value(std::int64_t of) : held_(std::to_string(of)), type_(type::number) {}
value::value(std::string of) : held_(std::move(of)), type_(type::text) {}

value value::number(std::string literal) {
  value made(std::move(literal));
  made.type_ = type::number;
  return made;
}

value value::list() {
  value made;
  made.held_ = list_items();
  made.type_ = type::list;
  return made;
}

value value::map() {
  value made;
  made.held_ = map_entries();
  made.type_ = type::map;
  return made;
}

value value::list(std::initializer_list<value> items) {
  auto made = list();
  made.held_ = list_items(items);
  return made;
}

value value::map(std::initializer_list<entry> entries) {
  auto made = map();
  made.held_ = map_entries(entries);
  return made;
}

void value::become(value of) {
  held_ = std::move(of.held_);
  type_ = of.type_;
}

value const &value::operator[](std::string_view key) const noexcept {
  auto const *const held = find(key);
  return held == nullptr ? nothing : *held;
}

value const &value::item(std::size_t index) const noexcept {
  auto const all = items();
  return index < all.size() ? all[index] : nothing;
}

value const *value::find(std::string_view key) const noexcept {
  auto const all = entries();
  auto const at =
      std::find_if(all.rbegin(), all.rend(), [&](entry const &each) { return each.key == key; });
  return at == all.rend() ? nullptr : &at->held;
}

value *value::find_mutable(std::string_view key) noexcept {
  return const_cast<value *>(find(key));
}

std::string_view value::text() const noexcept {
  auto const *const text = std::get_if<std::string>(&held_);
  return text == nullptr ? std::string_view() : *text;
}

std::string value::text_or(std::string_view otherwise) const {
  return std::string(is_null() ? otherwise : text());
}

std::optional<std::int64_t> value::integer() const noexcept {
  if (type_ != type::number) return std::nullopt;
  std::int64_t number = 0;
  auto const written = text();
  auto const *const last = written.data() + written.size();
  auto const [end, error] = std::from_chars(written.data(), last, number);
  if (error != std::errc{} || end != last) return std::nullopt;
  return number;
}

bool value::boolean_or(bool otherwise) const noexcept {
  return is_boolean() ? text() == "true" : otherwise;
}

std::span<value const> value::items() const noexcept {
  auto const *const held = std::get_if<list_items>(&held_);
  return held == nullptr ? std::span<value const>() : *held;
}

std::span<value> value::items_mutable() noexcept {
  auto *const held = std::get_if<list_items>(&held_);
  return held == nullptr ? std::span<value>() : *held;
}

std::span<value::entry const> value::entries() const noexcept {
  auto const *const held = std::get_if<map_entries>(&held_);
  return held == nullptr ? std::span<entry const>() : *held;
}

std::span<value::entry> value::entries_mutable() noexcept {
  auto *const held = std::get_if<map_entries>(&held_);
  return held == nullptr ? std::span<entry>() : *held;
}

std::size_t value::size() const noexcept {
  return is_list() ? items().size() : entries().size();
}

value &value::set(std::string key, value of) {
  if (!is_map()) become(map());
  if (auto *const there = find_mutable(key)) return *there = std::move(of);
  return std::get<map_entries>(held_).emplace_back(std::move(key), std::move(of), place{}).held;
}

void value::add_entry(entry of) {
  if (!is_map()) become(map());
  std::get<map_entries>(held_).push_back(std::move(of));
}

value &value::push(value of) {
  if (!is_list()) become(list());
  return std::get<list_items>(held_).emplace_back(std::move(of));
}

void value::erase(std::string_view key) {
  if (auto *const held = std::get_if<map_entries>(&held_)) {
    std::erase_if(*held, [&](entry const &each) { return each.key == key; });
  }
}

bool operator==(value const &a, value const &b) {
  if (a.type_ != b.type_) return false;
  if (a.is_list()) return std::ranges::equal(a.items(), b.items());
  if (!a.is_map()) return a.text() == b.text();
  auto const held_by_a = [&](value::entry const &each) { return a.has(each.key); };
  if (!std::ranges::all_of(b.entries(), held_by_a)) return false;
  return std::ranges::all_of(a.entries(), [&](value::entry const &each) {
    if (a.find(each.key) != &each.held) return true;  // the key comes again: that one counts
    auto const *const other = b.find(each.key);
    return other != nullptr && *other == each.held;
  });
}

}  // namespace loopcheck
