// SPDX-License-Identifier: Apache-2.0
// Labels that the Kubernetes discovery makes of an object: __meta_kubernetes_…
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

struct container {
  value const *of;
  bool init;
};

/// An empty text takes a label away, as Prometheus' builder does.
void set_label(labels &of, std::string name, std::string_view text);
/// `rest`: "pod_ip" of "__meta_kubernetes_pod_ip".
void set_meta(labels &of, std::string_view rest, std::string_view text);

/// Name, labels and annotations under `role`: "pod", "endpointslice", ….
void add_metadata(labels &to, object const &of, std::string const &role);
void add_pod(labels &to, object const &pod);
std::vector<container> containers_of(object const &pod, bool init_too);
void add_container(labels &to, container const &of);
void add_container_port(labels &to, value const &port, std::string const &protocol);

/// TCP where it is not written, as the API server fills in.
std::string protocol_of(value const &port);
/// host:port, with brackets around what has colons.
std::string host_and_port(std::string_view host, std::string_view port);

}  // namespace loopcheck
