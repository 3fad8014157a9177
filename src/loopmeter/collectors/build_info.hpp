// SPDX-License-Identifier: Apache-2.0
// Which build is running, as a metric that is always 1: what dashboards join with to say so.
#pragma once

#include <loopmeter/metrics/registry.hpp>

#include <prometheus/registry.h>

#include <string>
#include <string_view>

namespace loopmeter::collectors {

/// What a build says of itself: the label values of its family.
struct build_info {
  std::string version;
  std::string revision;
  std::string branch;
  std::string compiler;      ///< "gcc 12.2.0", "clang 16.0.6"
  std::string cxx_standard;  ///< "202002"
  std::string arch;          ///< as in GOARCH: "amd64", "arm64"
  std::string boost;         ///< "1.81.0"
};

/// The build of this library; version, revision and branch are the program's own.
build_info this_build(std::string_view version, std::string_view revision, std::string_view branch);

/// Exposes `name` (by custom <program>_build_info) with the registry.
metrics::result<metrics::info> add_build_info(metrics::registry &registry, std::string_view name,
                                              build_info const &build);

/// The same with a registry of prometheus-cpp. Throws what prometheus-cpp throws at a bad name.
void register_build_info(prometheus::Registry &registry, std::string const &name,
                         build_info const &build);

}  // namespace loopmeter::collectors
