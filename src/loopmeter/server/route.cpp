// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/route.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace loopmeter::server {

namespace {

using http::method;

std::string allow_of(route_table::resource const &r) {
  std::string allow;
  for (std::size_t m = 0; m < r.rows.size(); ++m) {
    if (r.rows[m] == nullptr && static_cast<method>(m) != method::options) continue;
    if (!allow.empty()) allow += ", ";
    allow += http::method_names[m];
  }
  return allow;
}

}  // namespace

route_table::route_table(std::vector<route> rows) : rows_(std::move(rows)) {
  std::vector<std::string> patterns;
  for (auto const &row : rows_) {
    auto const same = [&row](resource const &r) { return r.pattern == row.pattern; };
    auto found = std::find_if(resources_.begin(), resources_.end(), same);
    if (found == resources_.end()) {
      patterns.push_back(row.pattern);
      resources_.push_back({row.pattern, row.counted, {}, {}});
      found = std::prev(resources_.end());
    }
    auto &slot = found->rows[static_cast<std::size_t>(row.method)];
    auto const name = std::string(http::name_of(row.method)) + ' ' + row.pattern;
    if (slot != nullptr) throw std::invalid_argument("route " + name + " stands twice");
    if (found->counted != row.counted) {
      throw std::invalid_argument("route " + name + ": one pattern is counted in two families");
    }
    slot = &row;
  }
  for (auto &r : resources_) {
    auto &head = r.rows[static_cast<std::size_t>(method::head)];
    if (head == nullptr) head = r.rows[static_cast<std::size_t>(method::get)];
    r.allow = allow_of(r);
  }
  router_ = http::router(std::move(patterns));
}

}  // namespace loopmeter::server
