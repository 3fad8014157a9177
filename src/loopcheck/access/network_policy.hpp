// SPDX-License-Identifier: Apache-2.0
// Whether NetworkPolicies admit a connection between two Pods, by the rules of the API. Policies of
// plugins and AdminNetworkPolicy are not read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <loopcheck/findings/finding.hpp>
#include <loopcheck/objects/object.hpp>

namespace loopcheck {

struct declared_port {
  std::string name;
  std::int64_t number = 0;
  std::string protocol = "TCP";
};

/// One side of a connection.
struct network_pod {
  object_id id;
  labels own;
  std::vector<declared_port> ports;    ///< as its containers declare them
  std::vector<std::string> addresses;  ///< status.podIPs; empty: not known
  bool host_network = false;

  /// Of an object of kind Pod.
  static network_pod of(object const &pod);
};

struct network_verdict {
  enum class answer { admitted, denied, undecided };
  answer what = answer::admitted;
  object_id policy;   ///< that decides; empty: none applies
  std::string field;  ///< "spec.ingress[0].from"
  std::string why;    ///< in words, one line
  /// Where denied: the policy with the smallest rule that would admit it.
  std::optional<patch> change;
};

/// Both sides must agree: egress of `from`, ingress of `to`. `port` is the number.
network_verdict admits(inventory const &all, network_pod const &from, network_pod const &to,
                       std::int64_t port, std::string const &protocol = "TCP");

}  // namespace loopcheck
