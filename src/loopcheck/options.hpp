// SPDX-License-Identifier: Apache-2.0
// loopcheck's command line: a command, its inputs, its flags.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <loopcheck/prediction/scrape_job.hpp>

namespace loopcheck {

enum class command { none, manifests, predict, explain };
enum class output_form { text, json, sarif, junit };

struct options {
  command asked = command::none;
  std::vector<std::string> inputs;  ///< files, folders, "-"; of explain codes
  output_form output = output_form::text;
  std::string space = "default";  ///< of objects that name none
  std::string prometheus;         ///< a file with the object, or NAMESPACE/NAME of one in the input
  std::string selector = "release=prometheus";  ///< of the stand-in
  version_number operator_version{0, 93, 0};
  std::string crds;        ///< a version, or a file or folder with CRDs; empty: as operator_version
  std::string exposition;  ///< file or "-": what each target is taken to expose
  std::vector<std::string> queries;  ///< rule files, dashboards
  std::vector<std::string> expressions;
  bool cases = false;  ///< predict: JSON lines of cases on stdin
  bool all = false;    ///< explain: every code
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
