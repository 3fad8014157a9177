// SPDX-License-Identifier: Apache-2.0
#include "promql_functions.hpp"

#include <algorithm>
#include <array>

namespace loopcheck::promql {
namespace {

// By name: it is searched by halves.
constexpr std::array rows = std::to_array<function_row>({
    {"abs", "v"},
    {"absent", "v"},
    {"absent_over_time", "m"},
    {"acos", "v"},
    {"acosh", "v"},
    {"asin", "v"},
    {"asinh", "v"},
    {"atan", "v"},
    {"atanh", "v"},
    {"avg_over_time", "m"},
    {"ceil", "v"},
    {"changes", "m"},
    {"clamp", "vss"},
    {"clamp_max", "vs"},
    {"clamp_min", "vs"},
    {"cos", "v"},
    {"cosh", "v"},
    {"count_over_time", "m"},
    {"day_of_month", "v", 1},
    {"day_of_week", "v", 1},
    {"day_of_year", "v", 1},
    {"days_in_month", "v", 1},
    {"deg", "v"},
    {"delta", "m"},
    {"deriv", "m"},
    {"double_exponential_smoothing", "mss", 0, 'v', true},
    {"end", "", 0, 's', true},
    {"exp", "v"},
    {"first_over_time", "m"},
    {"floor", "v"},
    {"histogram_avg", "v"},
    {"histogram_count", "v"},
    {"histogram_fraction", "ssv"},
    {"histogram_quantile", "sv"},
    {"histogram_quantiles", "vtss", 9, 'v', true},
    {"histogram_stddev", "v"},
    {"histogram_stdvar", "v"},
    {"histogram_sum", "v"},
    {"hour", "v", 1},
    {"idelta", "m"},
    {"increase", "m"},
    {"info", "vv", 1, 'v', true},
    {"integral", "ms", 1, 'v', true},
    {"irate", "m"},
    {"label_join", "vttt", -1},
    {"label_replace", "vtttt"},
    {"last_over_time", "m"},
    {"ln", "v"},
    {"log10", "v"},
    {"log2", "v"},
    {"mad_over_time", "m", 0, 'v', true},
    {"max_of", "ss", 0, 's', true},
    {"max_over_time", "m"},
    {"min_of", "ss", 0, 's', true},
    {"min_over_time", "m"},
    {"minute", "v", 1},
    {"month", "v", 1},
    {"pi", "", 0, 's'},
    {"predict_linear", "ms"},
    {"present_over_time", "m"},
    {"quantile_over_time", "sm"},
    {"rad", "v"},
    {"range", "", 0, 's', true},
    {"rate", "m"},
    {"resets", "m"},
    {"round", "vs", 1},
    {"scalar", "v", 0, 's'},
    {"sgn", "v"},
    {"sin", "v"},
    {"sinh", "v"},
    {"sort", "v"},
    {"sort_by_label", "vt", -1, 'v', true},
    {"sort_by_label_desc", "vt", -1, 'v', true},
    {"sort_desc", "v"},
    {"sqrt", "v"},
    {"start", "", 0, 's', true},
    {"start_timestamp", "v", 0, 'v', true},
    {"stddev_over_time", "m"},
    {"stdvar_over_time", "m"},
    {"step", "", 0, 's', true},
    {"sum_over_time", "m"},
    {"tan", "v"},
    {"tanh", "v"},
    {"time", "", 0, 's'},
    {"timestamp", "v"},
    {"ts_of_first_over_time", "m", 0, 'v', true},
    {"ts_of_last_over_time", "m", 0, 'v', true},
    {"ts_of_max_over_time", "m", 0, 'v', true},
    {"ts_of_min_over_time", "m", 0, 'v', true},
    {"vector", "s"},
    {"year", "v", 1},
});
static_assert(std::ranges::is_sorted(rows, {}, &function_row::name));

}  // namespace

std::span<function_row const> functions() noexcept {
  return rows;
}

function_row const *find_function(std::string_view name) noexcept {
  auto const *const found = std::ranges::lower_bound(rows, name, {}, &function_row::name);
  return found != rows.end() && found->name == name ? found : nullptr;
}

}  // namespace loopcheck::promql
