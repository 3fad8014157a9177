// SPDX-License-Identifier: Apache-2.0
#include "finding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <loopmeter/base/assert.hpp>

#include "codes.hpp"

namespace loopcheck {

std::string_view text(link of) noexcept {
  constexpr std::array<std::string_view, 10> names = {
      "",       "workload", "Service", "monitor", "Prometheus selects it",
      "access", "loaded",   "target",  "samples", "answer"};
  return names[static_cast<std::size_t>(of)];
}

std::string_view text(severity of) noexcept {
  constexpr std::array<std::string_view, 4> names = {"error", "warning", "info", "undecided"};
  return names[static_cast<std::size_t>(of)];
}

link finding::link() const noexcept {
  return static_cast<loopcheck::link>(code[3] - '0');  // LC0l..: there are nine
}

place place_of_field(value const &root, std::string_view field) {
  auto const *at = &root;
  auto known = root.where();
  while (!field.empty()) {
    std::string_view part;
    if (field.front() == '[') {  // an index, or a key with dots in it
      auto const end = std::min(field.find(']'), field.size() - 1);
      part = field.substr(1, end - 1);
      field.remove_prefix(end + 1);
    } else {
      if (field.front() == '.') field.remove_prefix(1);
      part = field.substr(0, field.find_first_of(".["));
      field.remove_prefix(part.size());
    }
    std::size_t index = 0;
    auto const [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    at = at->is_list() && error == std::errc{} ? &at->item(index) : &(*at)[part];
    if (at->where().line == 0) break;
    known = at->where();
  }
  return known;
}

finding make_finding(std::string_view code, object const &on, std::string field) {
  auto const *const row = find_code(code);
  LOOPMETER_ASSERT(row != nullptr);
  finding made;
  made.code = code;
  made.severity = row->usual;
  made.object = on.id;
  made.file = on.file;
  made.where = place_of_field(on.root, field);
  made.field = std::move(field);
  return made;
}

}  // namespace loopcheck
