// SPDX-License-Identifier: Apache-2.0
// A web configuration with its certificates, in a folder of its own.
#pragma once

#include <string>

#include <loopmeter/exposition/encoder.hpp>
#include <loopmeter/metrics/gather.hpp>

#include "certificates.hpp"
#include "temporary_folder.hpp"

namespace test {

/// Whether this line stands in the exposition.
inline bool exposes(loopmeter::metrics::registry const &registry, std::string const &line) {
  std::string text;
  loopmeter::exposition::encode_text(loopmeter::metrics::gather(registry), text);
  return text.find('\n' + line + '\n') != std::string::npos;
}

struct web_files {
  web_files() {
    put_certificate("server");
    write(tls);
  }
  std::string path() const { return folder.path("web.yml"); }
  void write(std::string const &text) const { folder.put("web.yml", text); }
  void put_certificate(std::string const &name) const {
    auto const issued = ca.issue(name, "DNS:localhost,IP:127.0.0.1");
    folder.put("c.pem", issued.certificate);
    folder.put("k.pem", issued.key);
  }

  static constexpr char const *tls = "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n";

  loopmeter::test::authority ca{"test authority"};
  loopmeter::test::temporary_folder folder;
};

}  // namespace test
