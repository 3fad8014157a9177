// SPDX-License-Identifier: Apache-2.0
// Where families are declared, once, by their owner. The registry's lock is taken to register and
// to lay out a gather, never to record.
//
//   enum class method { get, head, other };
//   constexpr std::array<std::string_view, 3> method_names{"GET", "HEAD", "other"};
//   struct route { std::uint32_t index; };                   // any type with label_index() by ADL
//   constexpr std::size_t label_index(route r) { return r.index; }
//
//   struct request_metrics {
//     explicit request_metrics(registry &r, std::vector<std::string> const &paths)
//         : connections{r.add_counter({.name = "http_connections_total",
//                                      .help = "Connections accepted."}).value()},
//           in_flight{r.add_level({.name = "http_requests_in_flight",
//                                  .help = "Requests being handled."}).value()},
//           requests{r.add_counter<route, method>({.name = "http_requests_total",
//                                                  .help = "Requests answered."},
//                                                 label_domain{"path", paths},
//                                                 label_domain{"method", method_names}).value()},
//           duration{r.add_histogram<route>({.name = "http_request_duration_seconds",
//                                            .help = "From the head read to the answer sent.",
//                                            .bounds = {0.001, 0.01, 0.1, 1}},
//                                           label_domain{"path", paths}).value()} {
//       requests.expect(route{0}, method::get);    // exposed as 0 from the start
//     }
//     counter connections;
//     level in_flight;
//     counter_family<route, method> requests;
//     histogram_family<route> duration;
//   };
//
//   metrics.requests.at(route{0}, method::get).inc();           // on any thread
//   metrics.duration.at(route{0}).observe(0.0042);
//
//   exposition::text_encoder encoder;                           // <loopmeter/exposition/text.hpp>
//   std::string body;
//   encoder.encode(gather(r), body);                            // <loopmeter/metrics/gather.hpp>
#pragma once

#include <loopmeter/metrics/family.hpp>
#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmeter::metrics {

struct snapshot;

namespace detail {
struct registry_state;
enum class instrument_kind { counter, float_counter, gauge, level, histogram, info };
}  // namespace detail

/// What every family says of itself. The texts are copied.
struct family_options {
  std::string_view name{};
  std::string_view help{};
  /// Take label names that scraping writes on the target (job, instance, pod, …), knowing that
  /// they arrive as exported_<name> unless the scrape honours labels.
  bool allow_target_labels = false;
};

struct histogram_options {
  std::string_view name{};
  std::string_view help{};
  /// Upper bounds, strictly increasing and finite, at most histogram_bounds_max; +Inf is added.
  std::vector<double> bounds{};
  bool allow_target_labels = false;
};

struct registry_options {
  /// Expose the library's own families (refused observations, fallback records, collect errors).
  /// They count for the process: leave them out of all registries but one.
  bool self_metrics = true;
};

/// Declared families, in any number of registries; all members may be called from any thread.
///
/// Each add_...() gives the handle, or why not (registration_errc). The same name with the same
/// shape (kind, help, labels with their values, bounds) gives the same family again. A family
/// without labels is exposed from the start, one with labels series by series: see family::expect.
class registry {
 public:
  explicit registry(registry_options options = {});
  ~registry();
  registry(registry const &) = delete;
  registry &operator=(registry const &) = delete;

  result<counter> add_counter(family_options const &options);
  result<float_counter> add_float_counter(family_options const &options);
  result<gauge> add_gauge(family_options const &options);
  result<level> add_level(family_options const &options);
  result<histogram> add_histogram(histogram_options const &options);
  result<info> add_info(family_options const &options, std::vector<label> const &labels);

  /// The same with labels: one label_domain for each label type, in their order.
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<counter_family<Labels...>> add_counter(family_options const &options,
                                                Domains const &...domains) {
    return add_family<counter, Labels...>(kind::counter, options, {}, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<float_counter_family<Labels...>> add_float_counter(family_options const &options,
                                                            Domains const &...domains) {
    return add_family<float_counter, Labels...>(kind::float_counter, options, {}, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<gauge_family<Labels...>> add_gauge(family_options const &options,
                                            Domains const &...domains) {
    return add_family<gauge, Labels...>(kind::gauge, options, {}, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<level_family<Labels...>> add_level(family_options const &options,
                                            Domains const &...domains) {
    return add_family<level, Labels...>(kind::level, options, {}, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<histogram_family<Labels...>> add_histogram(histogram_options const &options,
                                                    Domains const &...domains) {
    return add_family<histogram, Labels...>(
        kind::histogram, {options.name, options.help, options.allow_target_labels}, options.bounds,
        {domains...});
  }

  /// Asks `give` for families at each gather. Its exceptions and unusable families are counted in
  /// loopmeter_collect_errors_total. A family whose name is taken already is left out.
  using source_id = std::uint64_t;
  source_id add_source(source give);
  /// After it returns the source is not running and will not be called again. Not from a source.
  void remove_source(source_id id);

 private:
  friend void gather(registry const &registry, snapshot &reused);
  using kind = detail::instrument_kind;

  result<detail::family_place> add(kind of, family_options const &options,
                                   std::span<double const> bounds,
                                   std::vector<label_domain> labels);

  template <class Instrument, class... Labels>
  result<family<Instrument, Labels...>> add_family(kind of, family_options const &options,
                                                   std::span<double const> bounds,
                                                   std::vector<label_domain> labels) {
    std::array<std::uint32_t, sizeof...(Labels)> sizes{};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      sizes[i] = static_cast<std::uint32_t>(labels[i].values.size());
    }
    auto const place = add(of, options, bounds, std::move(labels));
    if (!place) return place.failure();
    return family<Instrument, Labels...>{place.value(), sizes};
  }

  std::unique_ptr<detail::registry_state> state_;
};

}  // namespace loopmeter::metrics
