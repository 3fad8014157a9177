// SPDX-License-Identifier: Apache-2.0
// A cluster → the inventory that a check needs: read in pages, a few requests at a time, each
// object pruned at once. Nothing is written, and of Secrets only the names of their keys are kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

#include "cluster.hpp"

namespace loopcheck {

struct collect_options {
  std::optional<std::string> space;  ///< nothing: all namespaces
  std::size_t parallel = 4;          ///< requests at a time
  std::size_t page_objects = 500;
  /// Of one kind; beyond that the rest is not read, and said so.
  std::size_t objects_max = 200'000;
  bool generated = true;  ///< read the Secrets with generated configurations
};

struct collected {
  inventory all;
  /// What the operator generated for each Prometheus object.
  struct configuration {
    object_id prometheus;
    std::optional<value> content;
    std::string why_not;
  };
  std::vector<configuration> generated;
  std::string server_version;  ///< "v1.34.4"; empty: not told
  std::size_t requests = 0, bytes = 0;
};

/// With a namespace: objects of that namespace; monitors, Prometheus objects and rules of all
/// namespaces (of that one alone where the others are forbidden); and, of the namespaces in which
/// Prometheus runs or that the namespace's monitors name, all that takes part. A kind is `complete`
/// if all of this was read, `partial` if some of it failed, `forbidden` or `absent` if all of it
/// did, each with the reason; Secret and ConfigMap are so for what monitors refer to. A failure of
/// the whole is one that every request would meet: no kubectl, no server, no login, interrupted.
///
/// Cost: some 30 requests for a small cluster, one more for each 500 objects.
outcome<collected> collect(cluster &from, collect_options const &options);

}  // namespace loopcheck
