// SPDX-License-Identifier: Apache-2.0
// loopcheck's command line: a command, its inputs, its flags.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <loopcheck/prediction/scrape_job.hpp>
#include <loopmeter/server/listener.hpp>

namespace loopcheck {

enum class command { none, manifests, live, serve, predict, explain };
enum class output_form { text, json, sarif, junit };

/// What kubectl is told; empty: nothing.
struct kubectl_flags {
  std::string context, kubeconfig, as, request_timeout;
};

struct options {
  command asked = command::none;
  /// Files, folders, "-"; of live KIND/NAME; of explain codes.
  std::vector<std::string> inputs;
  output_form output = output_form::text;
  std::string space;  ///< of objects that name none, or the one that is checked; empty: not given
  std::string prometheus;  ///< a file with the object, or NAMESPACE/NAME of one in the input
  std::string selector = "release=prometheus";     ///< of the stand-in
  std::optional<version_number> operator_version;  ///< nothing: not given
  std::string crds;        ///< a version, or a file or folder with CRDs; empty: as operator_version
  std::string exposition;  ///< file or "-": what each target is taken to expose
  std::vector<std::string> queries;  ///< rule files, dashboards
  std::vector<std::string> expressions;
  bool all_spaces = false;                        ///< live, serve
  std::string labels;                             ///< live, serve: a selector
  std::string prometheus_url;                     ///< live, serve
  std::optional<std::chrono::milliseconds> wait;  ///< live
  kubectl_flags kubectl;                          ///< live
  std::chrono::milliseconds interval{60'000};     ///< serve
  loopmeter::server::listen_address listen;       ///< serve
  std::string account_folder;                     ///< serve
  bool cases = false;                             ///< predict: JSON lines of cases on stdin
  bool all = false;                               ///< explain: every code
  bool help = false;
  bool version = false;
};

/// Bad input on the command line: one line that names the flag, the value and what is allowed.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Without the program's name. Throws usage_error.
options parse_options(std::vector<std::string> const &arguments);

std::string help_text();
std::string version_text();

}  // namespace loopcheck
