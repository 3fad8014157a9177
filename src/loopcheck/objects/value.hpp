// SPDX-License-Identifier: Apache-2.0
// A tree of YAML or JSON with the place of each node, in which a path that is not there leads to
// null: manifests are written by people, and half of what a check asks for is absent.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace loopcheck {

/// Lines and columns count from 1; 0: unknown (JSON, or made by us).
struct place {
  int line = 0;
  int column = 0;
};

/// A value type: copies are deep and independent. Reading is thread-safe.
class value {
 public:
  enum class type : std::uint8_t { null, boolean, number, text, list, map };
  struct entry;

  // All of them where entry is complete: clang wants that for a vector of it.
  value();
  value(value const &);
  value(value &&) noexcept;
  value &operator=(value const &);
  value &operator=(value &&) noexcept;
  ~value();
  /*implicit*/ value(bool of);
  /*implicit*/ value(std::int64_t of);
  /*implicit*/ value(std::string of);
  /*implicit*/ value(char const *of);
  /// A number as it is written: "8080", "0.5", "1e3".
  static value number(std::string literal);
  static value list();
  static value map();
  static value list(std::initializer_list<value> items);
  static value map(std::initializer_list<entry> entries);

  type is() const noexcept { return type_; }
  bool is_null() const noexcept { return type_ == type::null; }
  bool is_list() const noexcept { return type_ == type::list; }
  bool is_map() const noexcept { return type_ == type::map; }
  bool is_text() const noexcept { return type_ == type::text; }
  bool is_number() const noexcept { return type_ == type::number; }
  bool is_boolean() const noexcept { return type_ == type::boolean; }

  /// Of a map; null where this is not a map or has no such key. Of a key twice, the last one
  /// counts, as for the API server.
  value const &operator[](std::string_view key) const noexcept;
  value const &operator[](char const *key) const noexcept {
    return operator[](std::string_view(key));
  }
  /// Of a list; null beyond its end.
  value const &item(std::size_t index) const noexcept;
  /// nullptr where there is no such key: tells `selector: null` or nothing from `selector: {}`.
  value const *find(std::string_view key) const noexcept;
  bool has(std::string_view key) const noexcept { return find(key) != nullptr; }

  /// As written, of a scalar: "8080", "true", "metrics"; empty for null, lists and maps.
  std::string_view text() const noexcept;
  /// `otherwise` where this is null.
  std::string text_or(std::string_view otherwise) const;
  std::optional<std::int64_t> integer() const noexcept;
  bool boolean_or(bool otherwise) const noexcept;

  /// Empty for what is not a list or map.
  std::span<value const> items() const noexcept;
  std::span<entry const> entries() const noexcept;
  std::size_t size() const noexcept;

  // To build and to change.
  value &set(std::string key, value of);  ///< of a map; anything else becomes one
  value &push(value of);                  ///< of a list; anything else becomes one
  /// For readers: in the order of the text, the same key twice stays. Of a map.
  void add_entry(entry of);
  value *find_mutable(std::string_view key) noexcept;
  std::span<value> items_mutable() noexcept;
  std::span<entry> entries_mutable() noexcept;
  void erase(std::string_view key);

  place where() const noexcept { return where_; }
  void set_where(place at) noexcept { where_ = at; }

  /// Types, keys, order of lists and scalars as written; not places nor the order of keys.
  friend bool operator==(value const &a, value const &b);

 private:
  void become(value of);  ///< at the same place

  // One of them is ever used, and most nodes of a large input are scalars: memory is time.
  using list_items = std::vector<value>;
  using map_entries = std::vector<entry>;
  std::variant<std::string, list_items, map_entries> held_;
  place where_;
  type type_ = type::null;
};

struct value::entry {
  std::string key;
  value held;
  place where = {};  ///< of the key
};

}  // namespace loopcheck
