// SPDX-License-Identifier: Apache-2.0
// The program's own use of Asio: a timer.
#pragma once

#include <loopmeter/metrics/instruments.hpp>

#include <stop_token>

/// Counts each millisecond until it is asked to stop.
void tick(std::stop_token stop, loopmeter::metrics::counter ticks);
