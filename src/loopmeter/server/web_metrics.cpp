// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/web_metrics.hpp>

namespace loopmeter::server {

web_metrics::web_metrics(metrics::registry &registry)
    : reload_successful(
          registry
              .add_gauge({.name = "loopmeter_web_config_last_reload_successful",
                          .help = "Whether the web configuration in force is the one that was "
                                  "read last."})
              .value()),
      reload_success_time(
          registry
              .add_gauge({.name = "loopmeter_web_config_last_reload_success_timestamp_seconds",
                          .help = "When the web configuration in force was read, in seconds since "
                                  "1970.",
                          .unit = "seconds"})
              .value()),
      certificate_expiry(
          registry
              .add_gauge({.name = "loopmeter_tls_certificate_expiry_timestamp_seconds",
                          .help = "End of the time of the certificate in force, in seconds since "
                                  "1970; 0 without TLS.",
                          .unit = "seconds"})
              .value()),
      handshakes(registry
                     .add_counter<web::tls_version>(
                         {.name = "loopmeter_tls_handshakes_total",
                          .help = "TLS handshakes that succeeded, by the version agreed on."},
                         metrics::label_domain{"version", {"1.0", "1.1", "1.2", "1.3"}})
                     .value()),
      handshake_failures(registry
                             .add_counter<web::tls_failure>(
                                 {.name = "loopmeter_tls_handshake_failures_total",
                                  .help = "TLS handshakes that failed, by reason."},
                                 metrics::label_domain{"reason", web::tls_failure_names})
                             .value()),
      truncations(registry
                      .add_counter({.name = "loopmeter_tls_truncations_total",
                                    .help = "TLS connections whose client left without "
                                            "close_notify."})
                      .value()),
      logins(registry
                 .add_counter<login_outcome>(
                     {.name = "loopmeter_password_checks_total",
                      .help = "Passwords that had to be hashed to be checked, by outcome."},
                     metrics::label_domain{"outcome", {"accepted", "refused", "overload"}})
                 .value()) {
  handshakes.expect(web::tls_version::tls12);
  handshakes.expect(web::tls_version::tls13);
  handshake_failures.expect_all();
  logins.expect_all();
}

}  // namespace loopmeter::server
