// SPDX-License-Identifier: Apache-2.0
// The cluster that kubectl speaks to: contexts, logins and plugins are kubectl's business.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cluster.hpp"

namespace loopcheck {

struct kubectl_options {
  std::string program = "kubectl";
  /// Passed on as they are, where not empty.
  std::string context, kubeconfig, as;
  std::vector<std::string> as_groups;
  std::string request_timeout;        ///< "10s"
  std::chrono::seconds deadline{60};  ///< of one kubectl, which is killed then
  std::size_t answer_bytes_max = 64u << 20;
};

/// A process for each request, about 80 ms of processor time.
class kubectl_cluster final : public cluster {
 public:
  explicit kubectl_cluster(kubectl_options options);

  outcome<std::string> get(std::string const &path) override;
  outcome<std::vector<std::string>> secret_keys(std::string_view space,
                                                std::string_view name) override;
  std::string name() const override;

  /// Of the context; "default" where it names none.
  outcome<std::string> default_namespace();

 private:
  outcome<std::string> output_of(std::vector<std::string> arguments) const;

  kubectl_options options_;
};

/// What kubectl says on stderr → what happened. `status` is 0 where it cannot be told.
access_failure read_kubectl_error(std::string_view errors);

}  // namespace loopcheck
