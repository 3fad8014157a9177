// SPDX-License-Identifier: Apache-2.0
#include "codes.hpp"

#include <algorithm>
#include <array>

namespace loopcheck {
namespace {

constexpr auto error = severity::error;
constexpr auto warning = severity::warning;
constexpr auto info = severity::info;
constexpr auto undecided = severity::undecided;

constexpr auto table = std::to_array<code_row>({
    // 1: workload
    {"LC0101", error, "no Pod is wanted",
     "The workload has 0 replicas, or is suspended, so that there is nothing to scrape.",
     "Scale it up: spec.replicas above 0, spec.suspend false."},
    {"LC0102", error, "no Pod exists",
     "The workload wants Pods and none is there: a quota, an admission webhook, Pod Security or a "
     "missing ServiceAccount keeps its controller from making them.",
     "Look at the Events of the workload and of its ReplicaSet: kubectl describe."},
    {"LC0103", error, "no Pod is ready",
     "All Pods exist and none is ready. The Operator's targets include Pods that are not ready, "
     "but "
     "a Pod that does not run answers nobody.",
     "Look at why: kubectl describe pod, kubectl logs; image, probes, configuration, node."},
    {"LC0104", error, "a port name that Kubernetes refuses",
     "Port names have at most 15 lower-case letters, digits and single dashes, at least one of "
     "them a letter (RFC 6335).",
     "Shorten or spell the name differently, everywhere where it is used."},
    {"LC0105", error, "a port number that does not exist", "Ports go from 1 to 65535.",
     "Write the port that the program listens on."},
    {"LC0106", warning, "two containers declare the same port name",
     "A name that stands for two ports makes two targets of one Pod, or the wrong one.",
     "Give each port of a Pod a name of its own."},
    {"LC0107", warning, "some Pods are not ready",
     "They are scraped all the same, and may answer with errors or not at all.",
     "Look at why: kubectl describe pod."},
    {"LC0108", error, "a workload does not select its own Pods",
     "spec.selector does not match the labels of spec.template: the API server refuses that.",
     "Write the same labels in both."},

    // 2: Service
    {"LC0201", error, "a Service selects no Pod",
     "No Pod in its namespace has all the labels of spec.selector. Pods of other namespaces do not "
     "count.",
     "Write labels of the Pods' template into the Service's spec.selector."},
    {"LC0202", error, "a Service's port has no name, and the monitor asks for a name",
     "A ServiceMonitor's `port` is compared with the names of the Service's ports.",
     "Name the port of the Service."},
    {"LC0203", error, "a Service's targetPort names a port that no container declares",
     "Such a port leads nowhere: the endpoints lack it.",
     "Declare a container port of that name, or write its number."},
    {"LC0204", error, "a Service of type ExternalName has no endpoints",
     "It is a name in DNS, so there is nothing to discover.",
     "Use a Service with a selector, or a ScrapeConfig."},
    {"LC0205", error, "a Service without a selector, and no endpoints beside it",
     "Kubernetes makes endpoints for Services that have a selector; others bring their own.",
     "Add a selector, or Endpoints or EndpointSlices."},
    {"LC0206", error, "a Service has no endpoints",
     "Its selector matches Pods, but the cluster shows no address for it: no Pod has an address "
     "yet, or the controller that writes them does not run.",
     "Look at kubectl get endpointslices, and at the Pods."},
    {"LC0207", warning, "a Service's port is not TCP",
     "Prometheus scrapes over TCP; a UDP port makes a target that is always down.",
     "Let the monitor name a TCP port."},
    {"LC0208", error, "a Service with several ports, of which one has no name",
     "The API server refuses it.", "Name each port."},

    // 3: monitor
    {"LC0301", error, "no monitor takes the Service or the Pods",
     "Without a ServiceMonitor or PodMonitor the Operator configures no scrape. It does not read "
     "the "
     "annotations prometheus.io/scrape.",
     "Add a monitor, such as the one that is printed."},
    {"LC0302", error, "a ServiceMonitor's selector matches no Service",
     "It is compared with the Services' own labels (metadata.labels), not with their selectors "
     "and not with the Pods' labels.",
     "Write labels into the selector that the Service itself has, or label the Service."},
    {"LC0303", error, "a PodMonitor's selector matches no Pod",
     "It is compared with the labels of Pods: those of the workload's template.",
     "Write labels of the Pods into the selector."},
    {"LC0304", error, "a monitor looks into other namespaces",
     "Without a namespaceSelector a monitor sees its own namespace alone.",
     "Name the namespace in spec.namespaceSelector.matchNames."},
    {"LC0305", error, "a monitor's port is no port of the Service",
     "A ServiceMonitor's `port` is the name of a port of the Service: not its number, and not the "
     "container's name for it.",
     "Write the name that the Service gives the port."},
    {"LC0306", error, "a ServiceMonitor's targetPort is no port that a container declares",
     "`targetPort` keeps declared container ports by name or number; one that is not declared "
     "makes "
     "no target, though the Service may reach it.",
     "Declare the port in the container, or use `port` with the name of the Service's port."},
    {"LC0307", error, "a PodMonitor's port is no port that a container declares",
     "A PodMonitor's `port` is the name of a container port, `portNumber` its declared number.",
     "Write the name that the container gives the port, or declare it."},
    {"LC0308", error, "scrapeTimeout is longer than the interval",
     "The Operator leaves such a monitor out.", "Make scrapeTimeout at most the interval."},
    {"LC0309", error, "a monitor has no endpoints", "An empty list makes no scrape.",
     "Add an endpoint with a port."},
    {"LC0310", error, "a monitor's selector is malformed",
     "The API server or the Operator refuses it.", "Correct the expression that is named."},
    {"LC0311", warning, "path does not begin with a slash",
     "Prometheus puts it behind the address as it is.", "Begin it with a slash."},
    {"LC0312", warning, "scheme and port do not seem to agree",
     "The name or number of the port says HTTPS, and the monitor HTTP; or the reverse.",
     "Set scheme to what the port speaks."},
    {"LC0313", warning, "tlsConfig without scheme https", "It is then used by nobody.",
     "Set scheme: https."},
    {"LC0314", warning, "a deprecated field", "It works today, and new versions may drop it.",
     "Use the field that is named."},
    {"LC0315", info, "a selector that is a regex to Prometheus",
     "With the default selectorMechanism the values of matchLabels and `port` become anchored "
     "regexes, "
     "so that a dot matches any character.",
     "Escape it, or set selectorMechanism: RoleSelector."},
    {"LC0316", warning, "a monitor without a port takes every port",
     "Each declared port of each container makes a target, also of init containers, also UDP.",
     "Name one port."},
    {"LC0317", warning, "a monitor selects Services or Pods beyond its own",
     "An empty selector takes every one in its namespaces.", "Write labels into the selector."},

    // 4: Prometheus selects it
    {"LC0401", error, "there is no Prometheus object",
     "The Operator configures monitors only for a Prometheus or PrometheusAgent object.",
     "Create one, or install a chart that does."},
    {"LC0402", error, "no Prometheus selects the monitor by its labels",
     "The Prometheus object's serviceMonitorSelector or podMonitorSelector asks for labels that "
     "the "
     "monitor lacks. With the Helm chart that is release: <name of the release>.",
     "Give the monitor the labels, or widen the Prometheus object's selector."},
    {"LC0403", error, "no Prometheus looks into the monitor's namespace",
     "The Prometheus object's serviceMonitorNamespaceSelector or podMonitorNamespaceSelector is "
     "compared with labels of the Namespace; nil means its own namespace, {} all.",
     "Widen the namespace selector, label the Namespace, or move the monitor."},
    {"LC0404", error, "a Prometheus whose selector is nil selects no monitor",
     "A nil selector selects none, an empty one ({}) all.",
     "Set the selector in the Prometheus object."},
    {"LC0405", error, "a Prometheus object whose configuration the Operator does not write",
     "All selectors are nil: then its configuration is left to others.",
     "Set serviceMonitorSelector and podMonitorSelector."},
    {"LC0406", error, "the Prometheus object is paused",
     "The Operator does nothing for it while spec.paused is true.", "Set spec.paused to false."},
    {"LC0407", error, "no Pod of the Prometheus is ready",
     "The object exists and nothing runs for it.",
     "Look at its StatefulSet, Pods and Events; and whether the Operator runs."},
    {"LC0408", error, "the Operator does not run",
     "No ready Pod of a Prometheus Operator was found: objects are then read by nobody.",
     "Start it, or look at its log."},
    {"LC0409", error, "the Operator does not watch the namespace",
     "Its flags --namespaces or --deny-namespaces leave the namespace out.",
     "Change the flags, or move the monitor."},
    {"LC0410", info, "a stand-in for the Prometheus object",
     "The input has no Prometheus object, so that a selector stands in for it.",
     "Give the object by --prometheus, or the labels by --selector."},
    {"LC0411", warning, "another Prometheus does not select the monitor",
     "One selects it, so that the chain is whole; another one does not.",
     "Nothing, if that is meant."},

    // 5: access
    {"LC0501", error, "Prometheus may not read the Pods' namespace",
     "Its ServiceAccount lacks get, list or watch on what it discovers there. Nothing says so but "
     "prometheus_sd_kubernetes_failures_total, and there are no targets.",
     "Add the Role and RoleBinding that are printed."},
    {"LC0502", error, "a NetworkPolicy keeps Prometheus from the Pods",
     "A policy selects the Pods for ingress, and none of those that do admits Prometheus on this "
     "port.",
     "Admit it by the rule that is printed."},
    {"LC0503", error, "a NetworkPolicy keeps Prometheus from leaving",
     "A policy selects the Prometheus Pods for egress, and none of those that do admits this way.",
     "Admit it by the rule that is printed."},
    {"LC0504", undecided, "the rights of Prometheus are not known",
     "Roles and bindings are not in the input, or may not be read.",
     "Add them to the input, or ask somebody who may read them."},
    {"LC0505", error, "Prometheus may not read Nodes",
     "attachMetadata.node and namespaceSelector.any need rights in the whole cluster: a "
     "ClusterRole "
     "bound by a ClusterRoleBinding.",
     "Bind them by a ClusterRoleBinding, or do without."},
    {"LC0506", undecided, "it cannot be told whether a NetworkPolicy admits Prometheus",
     "The policy speaks of addresses that are not known here, or in words that are not known.",
     "Add the Pods with their addresses to the input."},

    // 6: accepted and loaded
    {"LC0601", error, "a field that the CRD does not know",
     "kubectl apply refuses it; clients without strict validation lose it silently.",
     "Correct the name, or install newer CRDs."},
    {"LC0602", error, "the Operator rejects the monitor",
     "It is left out of the configuration; an Event InvalidConfiguration says so.",
     "Correct the field that is named."},
    {"LC0603", error, "Prometheus cannot load what the Operator makes of the monitor",
     "The Operator takes it, and the reload fails: this Prometheus then keeps its old "
     "configuration, for "
     "all monitors of all teams.",
     "Correct the field that is named, at once."},
    {"LC0604", error, "the generated configuration lacks the monitor",
     "The Operator has not written it: it has not seen the change yet, or it rejects the monitor.",
     "Look at the Events of the monitor and at the Operator's log."},
    {"LC0605", error, "the running configuration lacks the monitor",
     "The Operator has written it, and Prometheus has not loaded it yet: the kubelet and the "
     "reloader "
     "need up to a minute or three.",
     "Wait a few minutes; then look at the log of the container config-reloader."},
    {"LC0606", error, "the last reload of Prometheus failed",
     "It runs with an old configuration until whatever breaks it is gone, often another team's "
     "monitor.",
     "Correct what is named; the log of the container prometheus has the error."},
    {"LC0607", warning, "a field that this version does not have",
     "The Operator drops it with a line in its log, since the Prometheus is too old for it.",
     "Update, or do without."},
    {"LC0608", error, "the CRDs of the Operator are not installed",
     "The API server does not know the kind.", "Install the Prometheus Operator."},

    // 7: target
    {"LC0701", error, "the target is absent",
     "The configuration is loaded and yet there is no such target: discovery has not found it, or "
     "may not.",
     "Look at prometheus_sd_kubernetes_failures_total, and at the rights (link 5)."},
    {"LC0702", error, "the target's labels are others than predicted",
     "Something between the monitor and the target differs from what this version of the "
     "Operator does.",
     "Please report it, with the output of loopcheck predict."},
    {"LC0703", undecided, "the target has not been scraped yet",
     "It is there, and its first scrape is due.", "Wait an interval."},
    {"LC0704", error, "a relabelling rule drops every target",
     "A rule of the monitor's relabelings drops what the selectors have found.",
     "Correct the rule that is named."},
    {"LC0705", error, "Pods that have ended are no targets",
     "Pods in phase Succeeded or Failed are dropped, unless filterRunning is false.",
     "Scrape while they run, or let them push."},
    {"LC0706", error, "targetLimit is below the number of targets",
     "Then every target of the pool fails.", "Raise targetLimit."},
    {"LC0707", warning, "the port is one of an init container",
     "It has ended by the time of the first scrape.", "Name a port of a container."},
    {"LC0708", undecided, "Prometheus could not be asked",
     "Without its answers nothing is known of targets, samples and queries.",
     "Allow `get` of pods/proxy, or give --prometheus-url."},
    {"LC0710", error, "connection refused",
     "Nobody listens on that port of the Pod: another port, only on localhost, or not started.",
     "Compare the port with what the program listens on; let it listen on all addresses."},
    {"LC0711", error, "the scrape took too long",
     "The exposition is slow or big, packets are dropped (NetworkPolicy, firewall), or the timeout "
     "is short.",
     "Ask the Pod itself; look at NetworkPolicies; raise scrapeTimeout and interval."},
    {"LC0712", error, "the connection was cut",
     "A mesh that wants mutual TLS, a proxy, or a program that speaks something else than HTTP.",
     "Exclude the port from the mesh, or scrape with its certificates."},
    {"LC0713", error, "401: a login is wanted", "The endpoint asks for credentials.",
     "Set basicAuth, authorization or oauth2 in the endpoint."},
    {"LC0714", error, "403: the login is refused", "The credentials are known and may not.",
     "Give that account the right."},
    {"LC0715", error, "404: there is nothing at this path",
     "Another path, or another port, has the metrics.", "Set path."},
    {"LC0716", error, "the service answers with an error",
     "A status of 5xx: the service fails while it makes its exposition, or refuses for overload.",
     "Look at its log."},
    {"LC0717", error, "a redirect",
     "It leads elsewhere: often from HTTP to HTTPS, or to a login page.",
     "Write the place that it leads to into path and scheme."},
    {"LC0718", error, "HTTP is spoken where TLS is wanted, or the reverse",
     "scheme is not what the port speaks.", "Set scheme."},
    {"LC0719", error, "the certificate is not accepted",
     "Another authority, another name, or expired.", "Set tlsConfig: ca, serverName."},
    {"LC0720", error, "a Content-Type that Prometheus does not accept",
     "Prometheus 3 no longer guesses the format where the type is missing or unknown.",
     "Send text/plain; version=0.0.4, or set fallbackScrapeProtocol."},
    {"LC0721", error, "the exposition cannot be parsed",
     "One malformed line fails the whole scrape.", "Correct it: promtool check metrics."},
    {"LC0722", error, "the exposition is bigger than bodySizeLimit", "Then nothing of it is kept.",
     "Raise bodySizeLimit, or expose less."},
    {"LC0723", error, "more samples than sampleLimit", "Then nothing of the scrape is kept.",
     "Raise sampleLimit, or expose less."},
    {"LC0724", error, "a label limit is passed",
     "labelLimit, labelNameLengthLimit or labelValueLengthLimit: nothing of the scrape is kept.",
     "Raise it, or shorten the label."},
    {"LC0725", error, "more targets than targetLimit", "Then every target of the pool fails.",
     "Raise targetLimit."},
    {"LC0726", error, "there is no way to the address",
     "A name that does not resolve, or no route.",
     "Look at the address, at DNS and at the network plugin."},
    {"LC0727", error, "the scrape fails",
     "Prometheus says why in words that are not among those known here.",
     "Ask the Pod itself at the target's URL."},

    // 8: samples
    {"LC0801", error, "sampleLimit is below what is exposed",
     "Each scrape will fail, and nothing of it be kept.", "Raise sampleLimit."},
    {"LC0802", error, "a label limit is below what is exposed",
     "Each scrape will fail, and nothing of it be kept.", "Raise the limit that is named."},
    {"LC0803", error, "bodySizeLimit is below what is exposed",
     "Each scrape will fail, and nothing of it be kept.", "Raise bodySizeLimit."},
    {"LC0804", warning, "two monitors scrape the same port",
     "Each series is there twice, under two jobs; sums count twice.", "Keep one of them."},
    {"LC0805", error, "metric relabelling drops every sample",
     "metricRelabelings leave nothing of the exposition.", "Correct the rule that is named."},
    {"LC0806", warning, "a scraped label gives way to a target label",
     "It becomes exported_<name>, unless honorLabels is set.",
     "Rename it in the service, or use the exported name in queries."},
    {"LC0807", error, "the exposition is malformed", "Prometheus will refuse it as a whole.",
     "Correct the line that is named."},
    {"LC0808", error, "no fresh sample", "The target is up, and its series have ended.",
     "Look at the exposition of the Pod."},
    {"LC0809", info, "a Prometheus agent answers no queries",
     "Samples and answers are where it sends them.", "Ask there."},

    // 9: answer
    {"LC0901", error, "a query that is not PromQL", "Prometheus refuses it.",
     "Correct it where the message points."},
    {"LC0902", error, "a query asks for a metric that nobody exposes",
     "No target exposes it, and no rule records it.", "Write the name that is exposed."},
    {"LC0903", error, "a query's matcher matches no series",
     "No predicted target and no exposed series has such a label value.",
     "Write a value that exists; loopcheck predict shows the targets' labels."},
    {"LC0904", warning, "a query groups by a label that no series has",
     "All series fall into one group then.", "Group by a label that exists."},
    {"LC0905", error, "a query returns nothing now", "The expression is good and the answer empty.",
     "Look at the links before this one."},
    {"LC0906", warning, "a query's data is history",
     "The series have ended; range queries and lookback still show them.",
     "Nothing, if the target was meant to go."},
});

}  // namespace

std::span<code_row const> codes() noexcept {
  return table;
}

code_row const *find_code(std::string_view code) noexcept {
  auto const *const at =
      std::find_if(table.begin(), table.end(), [&](auto const &row) { return row.code == code; });
  return at == table.end() ? nullptr : &*at;
}

}  // namespace loopcheck
