// SPDX-License-Identifier: Apache-2.0
// One look at a cluster and at its Prometheus servers, from the objects to the report.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <loopcheck/links/links.hpp>
#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/report/report.hpp>
#include <loopcheck/sources/observed.hpp>

#include "options.hpp"

namespace loopcheck {

struct look_options {
  std::optional<std::string> space;  ///< nothing: all namespaces
  std::vector<std::string> named;    ///< "svc/demo", in `space`
  options const *flags = nullptr;    ///< the rest; outlives the look
  bool generated = true;             ///< read the Secrets with generated configurations
  // Of the flags, read once: one of them may be standard input.
  std::optional<exposition> exposed;
  query_sources queries;
  std::vector<std::string> notes;

  /// Throws input_error for a file that cannot be read.
  static look_options of(options const &flags);
};

/// No chain is there, as far as may be read: to a user most likely a mistake, to a service not.
class nothing_to_check : public input_error {
 public:
  nothing_to_check(std::string const &what, bool is_known) : input_error(what), known(is_known) {}
  bool known;  ///< false: monitors or Services could not all be read
};

/// Everything that one check has seen. Its parts refer to each other: it stays where it is.
class look {
 public:
  /// `asked` outlives the look. Throws input_error for what is wrong with the flags, such as an
  /// object that is not there.
  static outcome<std::unique_ptr<look>> at(cluster &through, look_options const &asked);

  look(look const &) = delete;
  look &operator=(look const &) = delete;

  verdict const &found() const noexcept { return found_; }
  prediction const &predicted() const noexcept { return predicted_; }
  std::vector<chain> const &chains() const noexcept { return chains_; }
  report told() const;

 private:
  look(cluster &through, look_options const &asked, collected &&read);
  [[noreturn]] void refuse_nothing() const;
  version_number operator_version();
  void take_prometheus();
  std::vector<observe_subject> subjects() const;
  void observe_all(cluster &through);

  look_options const &asked_;
  options const &flags_;
  collected read_;
  std::vector<std::string> notes_;
  prediction predicted_;
  std::vector<chain> chains_;
  observation observed_;
  std::optional<context> known_;
  verdict found_;
};

}  // namespace loopcheck
