// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/web/policy.hpp>

#include <algorithm>

#include <loopmeter/web/bcrypt.hpp>

namespace loopmeter::web {

policy::policy(config const &chosen, std::string_view realm)
    : challenge_("WWW-Authenticate: Basic realm=\"" + std::string(realm) +
                 "\", charset=\"UTF-8\"\r\n"),
      users_(chosen.users),
      limiter_(chosen.rate) {
  if (chosen.tls) tls_ = std::make_shared<tls_context const>(*chosen.tls, chosen.file);
  for (auto const &[name, value] : chosen.headers)
    header_lines_ += name + ": " + value + "\r\n";
  unsigned cost = bcrypt_cost_min;
  for (auto const &[name, hash] : users_)
    cost = std::max(cost, bcrypt_cost(hash));
  stand_in_ = bcrypt_stand_in(cost);
}

policy::user policy::find_user(std::string_view name) const noexcept {
  auto const found = users_.find(name);
  if (found == users_.end()) return {false, stand_in_};
  return {true, found->second};
}

}  // namespace loopmeter::web
