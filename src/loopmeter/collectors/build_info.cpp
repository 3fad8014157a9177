// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/build_info.hpp>

#include <prometheus/gauge.h>
#include <boost/version.hpp>

#include <map>
#include <utility>
#include <vector>

namespace loopmeter::collectors {
namespace {

constexpr char const *help = "Build info (value is always 1).";

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

std::string compiler() {
#if defined(__clang__)
  return "clang " + dotted(__clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return "gcc " + dotted(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

constexpr std::string_view arch() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "unknown";
#endif
}

// The labels in the order in which they are exposed, as the label type of either library.
std::vector<std::pair<char const *, std::string const *>> labels_of(build_info const &build) {
  return {{"version", &build.version},
          {"revision", &build.revision},
          {"branch", &build.branch},
          {"compiler", &build.compiler},
          {"cxx_standard", &build.cxx_standard},
          {"arch", &build.arch},
          {"boost", &build.boost}};
}

}  // namespace

build_info this_build(std::string_view version, std::string_view revision,
                      std::string_view branch) {
  return {.version = std::string{version},
          .revision = std::string{revision},
          .branch = std::string{branch},
          .compiler = compiler(),
          .cxx_standard = std::to_string(__cplusplus),
          .arch = std::string{arch()},
          .boost = dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)};
}

metrics::result<metrics::info> add_build_info(metrics::registry &registry, std::string_view name,
                                              build_info const &build) {
  std::vector<metrics::label> labels;
  for (auto const &[label, value] : labels_of(build))
    labels.push_back({.name = label, .value = *value});
  return registry.add_info({.name = name, .help = help}, labels);
}

void register_build_info(prometheus::Registry &registry, std::string const &name,
                         build_info const &build) {
  auto &family = prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  std::map<std::string, std::string> labels;
  for (auto const &[label, value] : labels_of(build))
    labels.emplace(label, *value);
  family.Add(labels).Set(1);
}

}  // namespace loopmeter::collectors
