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
//   exposition::encoder encoder;                        // <loopmeter/exposition/encoder.hpp>
//   std::string body;
//   encoder.encode(gather(r), {}, body);                // <loopmeter/metrics/gather.hpp>
#pragma once

#include <loopmeter/metrics/family.hpp>
#include <loopmeter/metrics/foreign.hpp>
#include <loopmeter/metrics/histogram.hpp>
#include <loopmeter/metrics/instruments.hpp>
#include <loopmeter/metrics/labels.hpp>
#include <loopmeter/metrics/native.hpp>
#include <loopmeter/metrics/open_series.hpp>
#include <loopmeter/metrics/result.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmeter::metrics {

struct snapshot;

namespace detail {
struct registry_state;
}  // namespace detail

/// What a family says of itself. The texts are copied.
struct family_options {
  std::string_view name{};
  std::string_view help{};
  /// The base unit ("seconds", "bytes"): what the name ends in, before _total. OpenMetrics says it.
  std::string_view unit{};
  /// Take label names that scraping writes on the target (job, instance, pod, …), knowing that
  /// they arrive as exported_<name> unless the scrape honours labels.
  bool allow_target_labels = false;
  /// Take any UTF-8 for the name and label names, not the letters, digits and _ alone. Scrapers
  /// before Prometheus 3 see them with _ for what they do not know.
  bool allow_utf8_names = false;
  /// How many series an open family may have; beyond it values fall into one overflow series.
  std::size_t series_limit = series_limit_default;
};

/// What a family of counters says of itself.
struct counter_options {
  std::string_view name{};
  std::string_view help{};
  std::string_view unit{};
  /// Keep exemplars: of each series the last trace, see counter::inc. For each series 64 bytes of
  /// address space a thread, which take memory where a trace was left.
  bool exemplars = false;
  bool allow_target_labels = false;
  bool allow_utf8_names = false;
  std::size_t series_limit = series_limit_default;
};

struct histogram_options {
  std::string_view name{};
  std::string_view help{};
  std::string_view unit{};
  /// Upper bounds, strictly increasing and finite, at most histogram_bounds_max; +Inf is added.
  std::vector<double> bounds{};
  /// Also (or, without bounds, only) as a native histogram, whose buckets need no bounds.
  std::optional<native_options> native{};
  /// Keep exemplars: of each bucket the last trace, see histogram::observe. A line of memory for
  /// each bucket that has one.
  bool exemplars = false;
  bool allow_target_labels = false;
  bool allow_utf8_names = false;
  std::size_t series_limit = series_limit_default;
};

struct registry_options {
  /// Expose the library's own families (refused observations, fallback records, collect errors).
  /// They count for the process: leave them out of all registries but one.
  bool self_metrics = true;
};

/// Declared families, in any number of registries; all members may be called from any thread.
///
/// Each add_...() gives the handle, or why not (registration_errc). The same name with the same
/// shape (kind, help, unit, labels with their values, bounds, native part) gives the same family
/// again. A family without labels is exposed from the start, one with labels series by series: see
/// family::expect.
class registry {
 public:
  explicit registry(registry_options options = {});
  ~registry();
  registry(registry const &) = delete;
  registry &operator=(registry const &) = delete;

  result<counter> add_counter(counter_options const &options);
  result<float_counter> add_float_counter(counter_options const &options);
  result<gauge> add_gauge(family_options const &options);
  result<level> add_level(family_options const &options);
  result<histogram> add_histogram(histogram_options const &options);
  result<info> add_info(family_options const &options, std::vector<label> const &labels);

  /// The same with labels: one label_domain for each label type, in their order.
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<counter_family<Labels...>> add_counter(counter_options const &options,
                                                Domains const &...domains) {
    return add_family<counter, Labels...>(kind::counter, options, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<float_counter_family<Labels...>> add_float_counter(counter_options const &options,
                                                            Domains const &...domains) {
    return add_family<float_counter, Labels...>(kind::float_counter, options, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<gauge_family<Labels...>> add_gauge(family_options const &options,
                                            Domains const &...domains) {
    return add_family<gauge, Labels...>(kind::gauge, options, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<level_family<Labels...>> add_level(family_options const &options,
                                            Domains const &...domains) {
    return add_family<level, Labels...>(kind::level, options, {domains...});
  }
  template <label_type... Labels, std::same_as<label_domain>... Domains>
    requires(sizeof...(Labels) > 0 && sizeof...(Labels) == sizeof...(Domains))
  result<histogram_family<Labels...>> add_histogram(histogram_options const &options,
                                                    Domains const &...domains) {
    return add_family<histogram, Labels...>(kind::histogram, options, {domains...});
  }

  /// The same with labels whose values are known only at run time.
  template <std::size_t N>
  result<open_counter_family<N>> add_counter(counter_options const &options,
                                             open_labels<N> const &labels) {
    return add_open<counter>(kind::counter, options, labels);
  }
  template <std::size_t N>
  result<open_float_counter_family<N>> add_float_counter(counter_options const &options,
                                                         open_labels<N> const &labels) {
    return add_open<float_counter>(kind::float_counter, options, labels);
  }
  template <std::size_t N>
  result<open_gauge_family<N>> add_gauge(family_options const &options,
                                         open_labels<N> const &labels) {
    return add_open<gauge>(kind::gauge, options, labels);
  }
  template <std::size_t N>
  result<open_level_family<N>> add_level(family_options const &options,
                                         open_labels<N> const &labels) {
    return add_open<level>(kind::level, options, labels);
  }
  template <std::size_t N>
  result<open_histogram_family<N>> add_histogram(histogram_options const &options,
                                                 open_labels<N> const &labels) {
    return add_open<histogram>(kind::histogram, options, labels);
  }

  /// Takes a family out; false if there is none. What handles record is dropped from now on; the
  /// name is free for another shape.
  bool remove_family(std::string_view name);

  /// Takes one series out; false if there is none. Of closed labels it does not come back; for open
  /// ones see open_family::remove. Labels in any order.
  bool remove_series(std::string_view name, std::vector<label> const &labels);

  /// Begins the counters and histograms of a family at 0 again, with now as their start: what was
  /// counted is subtracted from each gather to come. False if there is none of this name, or it is
  /// of another type. No writer is touched.
  bool reset_family(std::string_view name);

  /// Asks `give` for families at each gather, on a thread of its own kind (see sources.hpp). Its
  /// exceptions, lateness and unusable families are counted in loopmeter_collect_errors_total. A
  /// family whose name is taken already is left out.
  using source_id = std::uint64_t;
  source_id add_source(source give);
  /// After it returns the source is not running and will not be called again. Not from a source.
  void remove_source(source_id id);

 private:
  friend void gather(registry const &registry, snapshot &reused,
                     std::chrono::milliseconds collect_time);
  using kind = detail::instrument_kind;

  result<detail::family_place> add(kind of, histogram_options const &options,
                                   std::vector<label_domain> labels);
  result<detail::open_place> add_open_place(kind of, histogram_options const &options,
                                            std::span<std::string_view const> labels);

  /// Any instrument's options, as those of the one that has most.
  static histogram_options widen(family_options const &options);
  static histogram_options widen(counter_options const &options);
  static histogram_options const &widen(histogram_options const &options) { return options; }

  template <class Instrument, class... Labels, class Options>
  result<family<Instrument, Labels...>> add_family(kind of, Options const &options,
                                                   std::vector<label_domain> labels) {
    std::array<std::uint32_t, sizeof...(Labels)> sizes{};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      sizes[i] = static_cast<std::uint32_t>(labels[i].values.size());
    }
    auto const place = add(of, widen(options), std::move(labels));
    if (!place) return place.failure();
    return family<Instrument, Labels...>{place.value(), sizes};
  }

  template <class Instrument, class Options, std::size_t N>
  result<open_family<Instrument, N>> add_open(kind of, Options const &options,
                                              open_labels<N> const &labels) {
    auto const found = add_open_place(of, widen(options), labels.names);
    if (!found) return found.failure();
    return open_family<Instrument, N>{*found.value().store, found.value().place};
  }

  std::unique_ptr<detail::registry_state> state_;
};

}  // namespace loopmeter::metrics
