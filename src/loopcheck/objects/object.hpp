// SPDX-License-Identifier: Apache-2.0
// One Kubernetes object, and all that are known.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "value.hpp"

namespace loopcheck {

using labels = std::map<std::string, std::string, std::less<>>;

/// "Kind/namespace/name", or "Kind/name" for what has no namespace.
struct object_id {
  std::string kind;
  std::string space;  ///< namespace; empty for what has none
  std::string name;
  std::string text() const;
  auto operator<=>(object_id const &) const = default;
};

struct object {
  object_id id;
  std::string api_version;
  value root;
  std::string file;  ///< as the user named it, "-" for stdin; empty: from a cluster, or derived
  /// The object that this one was derived from (a Pod from its Deployment); empty: it is itself.
  object_id derived_from;

  labels label_map() const;  ///< metadata.labels
  std::string annotation(std::string_view key) const;
  value const &spec() const { return root["spec"]; }
  value const &operator[](std::string_view key) const { return root[key]; }
};

/// metadata.labels and the like: what is not text is left out.
labels to_labels(value const &map);

/// All objects that are known, by kind. Not thread-safe while it is filled; reading is.
class inventory {
 public:
  /// Throws input_error where an object of this id is there already with other content; the same
  /// twice is one.
  void add(object of);

  /// Forgets objects of a kind but those for which `wanted` holds.
  void keep(std::string_view kind, std::function<bool(object const &)> const &wanted);

  std::span<object const> of_kind(std::string_view kind) const noexcept;
  object const *find(std::string_view kind, std::string_view space,
                     std::string_view name) const noexcept;
  object const *find(object_id const &id) const noexcept;
  std::size_t size() const noexcept;
  std::vector<std::string> kinds() const;
  /// Each namespace that an object lives in or that is itself an object.
  std::set<std::string> namespaces() const;
  /// Its labels, with kubernetes.io/metadata.name even if that is not written.
  labels namespace_labels(std::string_view name) const;

  /// What is known of a kind: a cluster that was listed is complete, files never are.
  enum class knowledge { complete, partial, forbidden, absent };
  knowledge known(std::string_view kind) const noexcept;
  void set_known(std::string kind, knowledge how, std::string why = {});
  std::string_view why_unknown(std::string_view kind) const noexcept;

 private:
  std::map<std::string, std::vector<object>, std::less<>> by_kind_;
  std::map<object_id, std::size_t> index_;  ///< into the vector of its kind
  struct state {
    knowledge how;
    std::string why;
  };
  std::map<std::string, state, std::less<>> known_;
};

}  // namespace loopcheck
