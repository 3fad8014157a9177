// SPDX-License-Identifier: Apache-2.0
// The web configuration in force, and what the workers share because of it.
#pragma once

#include <memory>
#include <string>

#include <loopmeter/metrics/registry.hpp>
#include <loopmeter/server/login_desk.hpp>
#include <loopmeter/server/web_metrics.hpp>
#include <loopmeter/web/file_watch.hpp>
#include <loopmeter/web/policy.hpp>

namespace loopmeter::server {

/// Not thread-safe, but for desk() and measured(): it belongs to the thread that runs the server.
class web_access {
 public:
  using shared_policy = std::shared_ptr<web::policy const>;

  /// `file` is read at once. Throws web::config_error.
  web_access(std::string file, std::string realm, metrics::registry &registry);

  shared_policy const &policy() const noexcept { return policy_; }
  bool tls() const noexcept { return policy_->tls() != nullptr; }

  /// Reads the file again, and with it certificates and keys. If that fails, or TLS would begin or
  /// end by it, all stays as it is: false, and one line in the log.
  bool reload();
  /// Whether a file has changed, and is settled, since it was read. Some µs.
  bool changed() { return watch_.changed(); }

  login_desk &desk() noexcept { return desk_; }
  web_metrics const &measured() const noexcept { return measured_; }

 private:
  shared_policy load();
  void adopt(shared_policy loaded);

  std::string file_;
  std::string realm_;
  web_metrics measured_;
  web::file_watch watch_;
  shared_policy policy_;  // shared: with the workers and their connections
  login_desk desk_{measured_};
};

}  // namespace loopmeter::server
