// SPDX-License-Identifier: Apache-2.0
// Names of any UTF-8 for scrapers that do not know them.
// https://prometheus.io/docs/instrumenting/escaping_schemes/
#pragma once

#include <loopmeter/exposition/format.hpp>

#include <string>
#include <string_view>

namespace loopmeter::exposition::detail {

/// A name of the old grammar stays as it is under each scheme. Names are UTF-8: registration sees
/// to it.
std::string escape_metric_name(std::string_view name, escaping scheme);
std::string escape_label_name(std::string_view name, escaping scheme);

}  // namespace loopmeter::exposition::detail
