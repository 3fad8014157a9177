// SPDX-License-Identifier: Apache-2.0
#include "references.hpp"

#include <algorithm>
#include <array>

namespace loopcheck {

namespace {

constexpr std::array secret_fields{"username",     "password",  "credentials",      "secret",
                                   "clientSecret", "keySecret", "bearerTokenSecret"};

void walk(value const &in, std::string_view space, std::set<object_id> &to) {
  for (value const &each : in.items())
    walk(each, space, to);
  for (auto const &[key, held, where] : in.entries()) {
    bool const secret =
        std::find(secret_fields.begin(), secret_fields.end(), key) != secret_fields.end();
    if ((secret || key == "configMap") && held["name"].is_text() && held["key"].is_text() &&
        !held["name"].text().empty()) {
      to.insert(
          {secret ? "Secret" : "ConfigMap", std::string(space), std::string(held["name"].text())});
    } else {
      walk(held, space, to);
    }
  }
}

}  // namespace

std::set<object_id> referred_to(object const &monitor) {
  std::set<object_id> result;
  walk(monitor.spec(), monitor.id.space, result);
  return result;
}

}  // namespace loopcheck
