// SPDX-License-Identifier: Apache-2.0
// The command that runs inside a cluster: one thread looks again and again, the server's threads
// expose what was seen.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/sources/api_cluster.hpp>
#include <loopcheck/sources/interruption.hpp>
#include <loopmeter/base/file.hpp>
#include <loopmeter/base/log.hpp>
#include <loopmeter/server/probes.hpp>
#include <loopmeter/server/scrape_endpoint.hpp>
#include <loopmeter/server/server.hpp>

#include "commands.hpp"
#include "look.hpp"
#include "serve_metrics.hpp"

namespace loopcheck {
namespace {

namespace log = loopmeter::log;
namespace server = loopmeter::server;
using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds shutdown_timeout{500};

// Logs what has changed since the last check, and nothing else.
class journal {
 public:
  void tell(verdict const &found, check_result how) {
    std::map<object_id, std::string> now;
    for (auto const &each : found.chains)
      now.emplace(each.subject, tell_chain(each, found));
    for (auto const &[subject, state] : states_)
      if (!now.contains(subject)) log::info("chain is gone", {{"chain", subject.text()}});
    states_ = std::move(now);
    tell_result(found, how);
  }

  void tell_failure(std::string const &why) {
    if (result_ == check_result::failed && failure_ == why) return;
    result_ = check_result::failed;
    failure_ = why;
    log::error("check failed", {{"reason", why}});
  }

 private:
  // Its state, in which what changes from one check to the next all the same (ages) has no place.
  std::string tell_chain(chain_state const &of, verdict const &found) {
    auto const last = states_.find(of.subject);
    if (!of.why) {
      bool const mended = last != states_.end() && !last->second.empty();
      if (mended) log::info("chain is whole", {{"chain", of.subject.text()}});
      return {};
    }
    auto const &why = found.all[*of.why];
    char const *const words = of.broken ? "chain is broken" : "chain is undecided";
    auto state = std::string(words).append(" ").append(why.code).append(" ");
    state.append(why.object.text()).append(" ").append(why.field);
    if (last == states_.end() || last->second != state) {
      log::warn(words, {{"chain", of.subject.text()},
                        {"link", static_cast<int>(why.link())},
                        {"link_name", text(why.link())},
                        {"code", why.code},
                        {"object", why.object.text()},
                        {"found", why.found},
                        {"fix", why.fix}});
    }
    return state;
  }

  void tell_result(verdict const &found, check_result how) {
    if (result_ == how) return;
    result_ = how;
    auto const count = [&found](auto const &is) {
      return std::count_if(found.chains.begin(), found.chains.end(), is);
    };
    log::info("checked",
              {{"result", text(how)},
               {"chains", found.chains.size()},
               {"broken", count([](auto const &each) { return each.broken.has_value(); })},
               {"undecided", count([](auto const &each) { return each.undecided; })}});
  }

  std::map<object_id, std::string> states_;  // empty: whole
  std::optional<check_result> result_;
  std::string failure_;
};

check_result result_of(verdict const &found) noexcept {
  if (found.first_broken) return check_result::broken;
  return found.undecided ? check_result::undecided : check_result::whole;
}

// The checks, on a thread of their own.
class checks {
 public:
  checks(options const &chosen, api_options access, serve_metrics &metrics)
      : interval_(chosen.interval), cluster_(std::move(access)), metrics_(metrics) {
    asked_ = look_options::of(chosen);
    if (!chosen.space.empty()) asked_.space = chosen.space;
    asked_.generated = false;  // who runs all the time reads no Secrets
  }

  void run_until_interrupted() {
    do {
      begun_ = clock::now();
      check();
    } while (interruption::sleep_until(begun_ + interval_));
  }

  /// Whether a check has come to an end for which the API server was asked.
  // relaxed: nothing else is published by it.
  bool any() const noexcept { return any_.load(std::memory_order_relaxed); }

 private:
  void check() {
    try {
      auto const made = look::at(cluster_, asked_);
      if (interruption::requested()) return;
      if (!made) return fail(made.why().words);
      succeed((*made)->found());
    } catch (nothing_to_check const &nothing) {
      if (nothing.known) return succeed({});
      any_.store(true, std::memory_order_relaxed);
      fail(nothing.what());
    } catch (std::exception const &error) {
      fail(error.what());
    }
  }

  void succeed(verdict const &found) {
    auto const how = result_of(found);
    journal_.tell(found, how);
    metrics_.show(found);
    metrics_.count(how, clock::now() - begun_);
    any_.store(true, std::memory_order_relaxed);
  }

  // What was seen last stays exposed; its age says loopcheck_last_check_timestamp_seconds.
  void fail(std::string const &why) {
    journal_.tell_failure(why);
    metrics_.count(check_result::failed, clock::now() - begun_);
  }

  std::chrono::milliseconds interval_;
  api_cluster cluster_;
  serve_metrics &metrics_;
  look_options asked_;
  journal journal_;
  clock::time_point begun_;
  std::atomic<bool> any_{false};
};

api_options access_of(options const &chosen) {
  auto access = api_options_of_this_pod();
  if (!access) throw input_error("serve: " + access.why().words);
  access->folder = chosen.account_folder;
  for (auto const *const name : {"token", "ca.crt"}) {
    auto const path = access->folder + "/" + name;
    if (!loopmeter::read_file(path))
      throw input_error("serve: " + path + " cannot be read: has the Pod a ServiceAccount?");
  }
  return std::move(*access);
}

// Ready once something has been seen, not as soon as requests are answered.
server::plain_handler readiness(checks const &made, server::plain_handler of_server) {
  return [&made, of_server = std::move(of_server)](server::exchange &x) {
    return made.any() ? of_server(x) : loopmeter::http::text("no check has ended yet\n", 503);
  };
}

std::vector<server::route> routes(loopmeter::metrics::registry &registry, server::lifecycle &life,
                                  checks const &made) {
  auto table = server::probe_routes(life);
  for (auto &row : table) {
    if (row.pattern != "/readyz") continue;
    row.handler = readiness(made, std::get<server::plain_handler>(std::move(row.handler)));
  }
  server::scrape_options scrapes;
  scrapes.life = &life;
  for (auto &row : server::scrape_routes(registry, scrapes))
    table.push_back(std::move(row));
  return table;
}

}  // namespace

int run_serve(options const &chosen) {
  auto access = access_of(chosen);
  interruption::install();
  loopmeter::metrics::registry registry;
  serve_metrics metrics(registry);
  checks made(chosen, std::move(access), metrics);
  server::lifecycle life;
  server::options settings;
  settings.service = "loopcheck";
  settings.listen = {chosen.listen};
  settings.handle_signals = false;  // the checks are interrupted as well, and by the same signal
  settings.shutdown_delay = settings.shutdown_last_scrape = std::chrono::milliseconds(0);
  settings.shutdown_timeout = shutdown_timeout;
  server::server service(settings, routes(registry, life, made), registry, life);
  service.listen();
  for (auto const &address : service.addresses())
    log::info("listening", {{"address", address}, {"interval_ms", chosen.interval.count()}});
  std::jthread const checking([&] {
    made.run_until_interrupted();
    service.request_stop();
  });
  try {
    service.run();
  } catch (...) {
    std::raise(SIGTERM);  // for the thread, which is joined now
    throw;
  }
  log::info("stopped");
  return exit_whole;
}

}  // namespace loopcheck
