// SPDX-License-Identifier: Apache-2.0
// The values of a query (application/x-www-form-urlencoded, as the URL standard has it):
// `a=1&b=two+words&a=%C3%A9`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loopmeter::server {

/// All values of one name, decoded, in their order. A broken percent-encoding stands for itself.
std::vector<std::string> form_values(std::string_view query, std::string_view name);

/// The first of them, or `otherwise`.
std::string form_value(std::string_view query, std::string_view name,
                       std::string_view otherwise = {});

}  // namespace loopmeter::server
