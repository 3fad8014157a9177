// SPDX-License-Identifier: Apache-2.0
// Names and values of labels: Kubernetes' rules, Prometheus' rules, and how one becomes the other.
#pragma once

#include <string>
#include <string_view>

namespace loopcheck {

/// metric_name_validation_scheme of Prometheus: 2.x knows only the legacy one, 3.x has UTF-8.
enum class label_scheme { utf8, legacy };

bool valid_label_name(std::string_view name, label_scheme by) noexcept;

/// Each character that Prometheus' classic names cannot have becomes `_`: "a.b/c" is "a_b_c". What
/// a character is, is counted in UTF-8 as the operator and Prometheus do.
std::string sanitized(std::string_view name);

/// "[prefix/]name" of Kubernetes; otherwise why it is none, for a message.
std::string why_not_qualified_name(std::string_view name);
std::string why_not_label_value(std::string_view value);

bool valid_utf8(std::string_view text) noexcept;

}  // namespace loopcheck
