// SPDX-License-Identifier: Apache-2.0
// Parts of one NetworkPolicy: whom it selects, whom a rule means, which ports.
#pragma once

#include "network_policy.hpp"

namespace loopcheck {

/// What a part of a policy says of a connection.
enum class opinion { no, unknown, yes };

enum class direction { ingress, egress };

/// The connection, from the side of the one that the policy selects.
struct connection {
  network_pod const &other;
  network_pod const &target;  ///< whose port it is
  std::int64_t port;
  std::string const &protocol;
};

/// Given policyTypes, else: Ingress always, Egress where there is a rule for it.
bool has_direction(object const &policy, direction which);
/// In the namespace of `pod`, with its labels.
opinion selects(object const &policy, network_pod const &pod);
opinion peers_admit(inventory const &all, object const &policy, value const &peers,
                    network_pod const &other);
opinion ports_admit(value const &ports, connection const &of);

}  // namespace loopcheck
