// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/loop_metrics.hpp>

#include <string>
#include <vector>

namespace loopmeter::server {

namespace {

metrics::label_domain worker_domain(unsigned workers, bool admin) {
  std::vector<std::string> numbers;
  for (unsigned i = 0; i < workers; ++i)
    numbers.push_back(std::to_string(i));
  if (admin) numbers.push_back("admin");
  return {"worker", numbers};
}

}  // namespace

loop_metrics::loop_metrics(metrics::registry &registry, unsigned workers, bool admin) {
  auto const worker = worker_domain(workers, admin);
  lag_ = registry
             .add_histogram<worker_label>(
                 {.name = "loopmeter_loop_lag_seconds",
                  .help = "How late the event loop's timer ran, in seconds: what a handler that "
                          "blocks costs all others.",
                  .unit = "seconds",
                  .bounds = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}},
                 worker)
             .value();
  ready_ = registry
               .add_histogram<worker_label>(
                   {.name = "loopmeter_loop_ready_sockets",
                    .help = "Sockets found ready at once; many at a time say that the loop is "
                            "behind.",
                    .bounds = {1, 2, 4, 8, 16, 32, 64, 128}},
                   worker)
               .value();
  cpu_ = registry
             .add_float_counter<worker_label>(
                 {.name = "loopmeter_loop_cpu_seconds_total",
                  .help = "Processor time of the event loop's thread, in seconds.",
                  .unit = "seconds"},
                 worker)
             .value();
  cpu_wait_ =
      registry
          .add_float_counter<worker_label>(
              {.name = "loopmeter_loop_cpu_wait_seconds_total",
               .help = "Time that the event loop had work but no processor, in seconds: the "
                       "load of others, or a CPU quota.",
               .unit = "seconds"},
              worker)
          .value();
  accepted_ = registry
                  .add_counter<worker_label>(
                      {.name = "loopmeter_loop_connections_total",
                       .help = "Connections accepted, by the worker that serves them."},
                      worker)
                  .value();
  connections_ = registry
                     .add_level<worker_label, connection_state>(
                         {.name = "loopmeter_connections",
                          .help = "Open connections: idle ones wait for a request, active ones "
                                  "have one under way."},
                         worker, metrics::label_domain{"state", {"idle", "active"}})
                     .value();
  lag_.expect_all();
  ready_.expect_all();
  cpu_.expect_all();
  cpu_wait_.expect_all();
  accepted_.expect_all();
  connections_.expect_all();
}

loop_handles loop_metrics::of(unsigned worker) const noexcept {
  worker_label const number{worker};
  return {.lag = lag_.at(number),
          .ready = ready_.at(number),
          .cpu = cpu_.at(number),
          .cpu_wait = cpu_wait_.at(number),
          .accepted = accepted_.at(number),
          .idle = connections_.at(number, connection_state::idle),
          .active = connections_.at(number, connection_state::active)};
}

}  // namespace loopmeter::server
