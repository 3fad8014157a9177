// SPDX-License-Identifier: Apache-2.0
// The pieces of a line of text 0.0.4, appended to a string: for the plan, which renders them once,
// and for foreign families, which are rendered at each scrape.
#pragma once

#include <loopmeter/metrics/foreign.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace loopmeter::exposition::detail {

/// In a help text \ and line feed are escaped, in a label value " as well.
void append_escaped_help(std::string &out, std::string_view help);
void append_escaped_value(std::string &out, std::string_view value);

/// "# HELP name help" unless help is empty, and "# TYPE name type".
void append_head(std::string &out, std::string_view name, std::string_view help,
                 metrics::metric_type type);

/// `name="value"` with a comma before it unless it is the first of its braces.
void append_label(std::string &out, std::string_view name, std::string_view value);

/// A number as write_number() writes it.
template <class Number>
void append_number(std::string &out, Number value);

/// All lines of a foreign family; returns how many have a value.
std::size_t append_foreign(std::string &out, metrics::foreign_family const &family);

}  // namespace loopmeter::exposition::detail
