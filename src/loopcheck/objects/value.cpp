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
value::value(bool of) : type_(type::boolean), text_(of ? "true" : "false") {}
value::value(std::int64_t of) : type_(type::number), text_(std::to_string(of)) {}
value::value(std::string of) : type_(type::text), text_(std::move(of)) {}

value value::number(std::string literal) {
  value made(std::move(literal));
  made.type_ = type::number;
  return made;
}

value value::list() {
  value made;
  made.type_ = type::list;
  return made;
}

value value::map() {
  value made;
  made.type_ = type::map;
  return made;
}

value value::list(std::initializer_list<value> items) {
  auto made = list();
  made.items_ = items;
  return made;
}

value value::map(std::initializer_list<entry> entries) {
  auto made = map();
  made.entries_ = entries;
  return made;
}

value const &value::operator[](std::string_view key) const noexcept {
  auto const *const held = find(key);
  return held == nullptr ? nothing : *held;
}

value const &value::item(std::size_t index) const noexcept {
  return index < items_.size() ? items_[index] : nothing;
}

value const *value::find(std::string_view key) const noexcept {
  auto const at = std::find_if(entries_.rbegin(), entries_.rend(),
                               [&](entry const &each) { return each.key == key; });
  return at == entries_.rend() ? nullptr : &at->held;
}

value *value::find_mutable(std::string_view key) noexcept {
  return const_cast<value *>(find(key));
}

std::string value::text_or(std::string_view otherwise) const {
  return is_null() ? std::string(otherwise) : text_;
}

std::optional<std::int64_t> value::integer() const noexcept {
  if (type_ != type::number) return std::nullopt;
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
  if (error != std::errc{} || end != text_.data() + text_.size()) return std::nullopt;
  return number;
}

bool value::boolean_or(bool otherwise) const noexcept {
  return is_boolean() ? text_ == "true" : otherwise;
}

std::span<value const> value::items() const noexcept {
  return items_;
}
std::span<value> value::items_mutable() noexcept {
  return items_;
}
std::span<value::entry const> value::entries() const noexcept {
  return entries_;
}

std::span<value::entry> value::entries_mutable() noexcept {
  return entries_;
}

std::size_t value::size() const noexcept {
  return is_list() ? items_.size() : entries_.size();
}

value &value::set(std::string key, value of) {
  if (is_null()) type_ = type::map;
  if (auto *const there = find_mutable(key)) return *there = std::move(of);
  return entries_.emplace_back(std::move(key), std::move(of), place{}).held;
}

void value::add_entry(entry of) {
  entries_.push_back(std::move(of));
}

value &value::push(value of) {
  if (is_null()) type_ = type::list;
  return items_.emplace_back(std::move(of));
}

void value::erase(std::string_view key) {
  std::erase_if(entries_, [&](entry const &each) { return each.key == key; });
}

bool operator==(value const &a, value const &b) {
  if (a.type_ != b.type_) return false;
  if (a.is_list()) return a.items_ == b.items_;
  if (!a.is_map()) return a.text_ == b.text_;
  if (a.entries_.size() != b.entries_.size()) return false;
  return std::all_of(a.entries_.begin(), a.entries_.end(), [&](value::entry const &each) {
    auto const *const other = b.find(each.key);
    return other != nullptr && *other == each.held;
  });
}

}  // namespace loopcheck
