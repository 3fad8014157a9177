// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/build_info.hpp>

#include <prometheus/gauge.h>
#include <boost/version.hpp>

namespace loopmeter::collectors {
namespace {

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

void register_build_info(prometheus::Registry &registry, std::string const &name,
                         build_info const &build) {
  auto &family = prometheus::BuildGauge()
                     .Name(name)
                     .Help("Build info (value is always 1).")
                     .Register(registry);
  family
      .Add({{"version", build.version},
            {"revision", build.revision},
            {"branch", build.branch},
            {"compiler", build.compiler},
            {"cxx_standard", build.cxx_standard},
            {"arch", build.arch},
            {"boost", build.boost}})
      .Set(1);
}

}  // namespace loopmeter::collectors
