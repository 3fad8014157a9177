// SPDX-License-Identifier: Apache-2.0
// A histogram and its exemplars as messages of io.prometheus.client.
// https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
#pragma once

#include <loopmeter/exposition/exemplar_reader.hpp>
#include <loopmeter/metrics/gather.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace loopmeter::exposition::detail {

/// What an Exemplar message takes at most.
inline constexpr std::size_t exemplar_bytes_max = 128;

/// A metrics::exemplar as an Exemplar message.
class exemplar_message {
 public:
  explicit exemplar_message(metrics::exemplar const &exemplar) noexcept;
  std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, exemplar_bytes_max> bytes_;
  std::size_t size_;
};

/// The parts of a Histogram message.
struct histogram_message {
  std::span<std::uint64_t const> values;    // buckets with +Inf, sum, count
  std::span<double const> bounds;           // without +Inf
  metrics::native_histogram const *native;  // or null
  std::size_t first_value;                  // of `values` in the snapshot
  std::string_view created;                 // its field, or empty
};

/// The size of the message, and the message itself into as much room. Exemplars are those from the
/// histogram's first value on.
std::size_t count_histogram(histogram_message const &histogram, exemplar_reader exemplars) noexcept;
char *write_histogram(char *out, histogram_message const &histogram,
                      exemplar_reader exemplars) noexcept;

}  // namespace loopmeter::exposition::detail
