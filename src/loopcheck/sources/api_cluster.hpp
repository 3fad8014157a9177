// SPDX-License-Identifier: Apache-2.0
// The cluster that this process runs in as a Pod: the API server by the Pod's ServiceAccount.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "cluster.hpp"

namespace loopcheck {

struct api_options {
  std::string host, port;  ///< KUBERNETES_SERVICE_HOST and _PORT
  /// token, ca.crt and namespace are in it. The token changes: it is read for each request.
  std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::chrono::seconds timeout{30};
  std::size_t answer_bytes_max = 64u << 20;
  bool tls = true;  ///< false: a stand-in without TLS
};

/// From the environment. bad_configuration outside a Pod.
outcome<api_options> api_options_of_this_pod();

class api_cluster final : public cluster {
 public:
  explicit api_cluster(api_options options);

  outcome<std::string> get(std::string const &path) override;
  /// Secrets are not read by a service that runs all the time: always forbidden.
  outcome<std::vector<std::string>> secret_keys(std::string_view space,
                                                std::string_view name) override;
  std::string name() const override { return "this Pod's cluster"; }

  std::string default_namespace() const;

 private:
  api_options options_;
};

/// An answer of the API server that is not 200: its Status object has the words.
access_failure read_api_failure(int status, std::string_view body, std::string_view path);

}  // namespace loopcheck
