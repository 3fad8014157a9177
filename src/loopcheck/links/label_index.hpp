// SPDX-License-Identifier: Apache-2.0
// Objects with labels, found by a selector without looking at each: ten thousand objects are a
// million pairs otherwise.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <loopcheck/objects/object.hpp>
#include <loopcheck/prediction/selector.hpp>

namespace loopcheck {

class label_index {
 public:
  /// Both must outlive the index. In the order in which they are added they are found.
  void add(object const &of, labels with);

  std::vector<object const *> matching(selector const &choice, std::string_view space) const;

 private:
  struct entry {
    object const *held;
    labels has;
  };
  std::vector<entry> all_;
  using list = std::vector<std::size_t>;  // into all_
  std::unordered_map<std::string, list> by_space_;
  std::unordered_map<std::string, list> by_label_;  // of namespace, key and value
};

}  // namespace loopcheck
