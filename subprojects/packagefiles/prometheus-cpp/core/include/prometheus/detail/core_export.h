// SPDX-License-Identifier: Apache-2.0
// Stands in for the header that CMake would generate: a static library exports nothing.
#pragma once

#define PROMETHEUS_CPP_CORE_EXPORT
#define PROMETHEUS_CPP_CORE_NO_EXPORT
