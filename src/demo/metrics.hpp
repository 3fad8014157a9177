// SPDX-License-Identifier: Apache-2.0
// What demo-cpp measures beyond its requests, which the server counts (routes.cpp, label `path`).
#pragma once

#include <memory>

#include <loopmeter/metrics/registry.hpp>

namespace prometheus {
class Registry;
}  // namespace prometheus

namespace demo {

/// `demo_build_info`, kept in a prometheus-cpp registry and exposed by the bridge: the proof that
/// metrics of other libraries come out of the same endpoint.
class metrics {
 public:
  explicit metrics(loopmeter::metrics::registry &registry);

 private:
  std::shared_ptr<prometheus::Registry> foreign_;  // shared_ptr: what prometheus-cpp asks for
};

}  // namespace demo
