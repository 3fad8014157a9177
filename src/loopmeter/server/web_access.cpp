// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/web_access.hpp>

#include <ctime>
#include <utility>

#include <loopmeter/base/log.hpp>

namespace loopmeter::server {

web_access::web_access(std::string file, std::string realm, metrics::registry &registry)
    : file_(std::move(file)), realm_(std::move(realm)), measured_(registry) {
  adopt(load());
}

web_access::shared_policy web_access::load() {
  web::file_watch watch;
  watch.add(file_);
  auto const chosen = web::load_config(file_);
  for (auto const &file : chosen.files_of_tls())
    watch.add(file);
  watch_ = std::move(watch);
  return std::make_shared<web::policy const>(chosen, realm_);
}

void web_access::adopt(shared_policy loaded) {
  policy_ = std::move(loaded);
  measured_.reload_successful.set(1);
  measured_.reload_success_time.set(static_cast<double>(std::time(nullptr)));
  measured_.certificate_expiry.set(tls() ? static_cast<double>(policy_->tls()->expires_at()) : 0);
}

bool web_access::reload() {
  try {
    auto loaded = load();
    if ((loaded->tls() != nullptr) != tls()) {
      throw web::config_error(file_ + ": TLS cannot begin or end while the server runs");
    }
    adopt(std::move(loaded));
    log::info("web configuration reloaded", {{"file", file_}});
    return true;
  } catch (std::exception const &e) {
    measured_.reload_successful.set(0);
    log::error("web configuration not reloaded: the one before stays", {{"error", e.what()}});
    return false;
  }
}

}  // namespace loopmeter::server
