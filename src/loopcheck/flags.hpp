// SPDX-License-Identifier: Apache-2.0
// What the flags that several commands have mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <loopcheck/queries/exposition.hpp>
#include <loopcheck/queries/query_sources.hpp>
#include <loopcheck/report/report.hpp>
#include <loopcheck/schemas/crd_fields.hpp>

#include "options.hpp"

namespace loopcheck {

/// --crds; else the CRDs that are known, else those of this version of the Operator.
crd_fields fields_of(options const &chosen, version_number const &version, inventory const &all);

/// --queries, --query, and what objects have; adds to the notes what is left out.
query_sources queries_of(options const &chosen, inventory const &all,
                         std::vector<std::string> &notes);

/// Forgets Prometheus objects but the one that --prometheus names: NAME in `space` (in any, where
/// that is empty) or NAMESPACE/NAME. False where there is none.
bool keep_prometheus(std::string const &given, std::string const &space, inventory &all);

/// --exposition.
std::optional<exposition> exposition_of(options const &chosen);

/// Prints it, and gives the exit status.
int print(report const &of, output_form form);

}  // namespace loopcheck
