// SPDX-License-Identifier: Apache-2.0
// THE table of causes of a failed scrape: what is said about each.
#include <algorithm>
#include <array>

#include "scrape_error.hpp"

namespace loopcheck {

namespace {

using enum scrape_cause;

constexpr std::array rows{
    scrape_cause_row{none, "none", "the last scrape succeeded", ""},
    scrape_cause_row{refused, "refused", "nothing listens on this port of the Pod",
                     "Let the process listen on this port on all addresses (0.0.0.0 or [::], not "
                     "127.0.0.1), or name the port it listens on",
                     "LC0710"},
    scrape_cause_row{connect_timeout, "connect_timeout", "no answer to the connection attempt",
                     "Admit Prometheus to this port in the NetworkPolicies of both namespaces; "
                     "packets that are dropped silently look like this",
                     "LC0711"},
    scrape_cause_row{scrape_timeout, "scrape_timeout",
                     "the answer was not complete within the scrape timeout",
                     "Make the endpoint faster, raise scrapeTimeout (at most the interval); if it "
                     "never answers, a NetworkPolicy may drop the packets",
                     "LC0711"},
    scrape_cause_row{no_such_host, "no_such_host", "the target's name does not resolve",
                     "Correct the name in __address__ (a relabelling wrote it) or in DNS",
                     "LC0726"},
    scrape_cause_row{name_server, "name_server", "the name server does not answer",
                     "Look at the cluster's DNS and at egress to it (port 53, UDP and TCP)",
                     "LC0726"},
    scrape_cause_row{no_route, "no_route", "there is no route to the target's address",
                     "Look at the node and at its network; a rejecting firewall or NetworkPolicy "
                     "answers like this too",
                     "LC0726"},
    scrape_cause_row{not_permitted, "not_permitted", "the connection is forbidden on its way",
                     "Admit it in the NetworkPolicy or firewall: Prometheus' egress first",
                     "LC0726"},
    scrape_cause_row{no_local_resources, "no_local_resources",
                     "Prometheus' Pod has no descriptors, ports or memory left",
                     "Raise the limits of Prometheus' Pod or scrape less with one of them"},
    scrape_cause_row{
        closed, "closed", "the connection was closed without an answer",
        "A service mesh that demands mTLS does this: exempt the port or scrape through "
        "the mesh; so do a TLS port asked in plain HTTP and a process that crashes",
        "LC0712"},
    scrape_cause_row{not_http, "not_http", "what listens on this port does not speak HTTP",
                     "Name the port on which the metrics are served", "LC0712"},
    scrape_cause_row{grpc_port, "grpc_port", "this port speaks HTTP/2 only, as gRPC does",
                     "Name the port on which the metrics are served", "LC0712"},
    scrape_cause_row{plain_http_to_tls, "plain_http_to_tls",
                     "the port speaks TLS and is scraped in plain HTTP",
                     "Set `scheme: https` and `tlsConfig` on the monitor's endpoint", "LC0718"},
    scrape_cause_row{tls_to_plain_http, "tls_to_plain_http",
                     "the port speaks plain HTTP and is scraped with TLS",
                     "Set `scheme: http` on the monitor's endpoint, or serve TLS", "LC0718"},
    scrape_cause_row{unknown_authority, "unknown_authority",
                     "Prometheus does not trust the authority that signed the certificate",
                     "Set `tlsConfig.ca` to the certificate of that authority", "LC0719"},
    scrape_cause_row{certificate_expired, "certificate_expired",
                     "the target's certificate is not valid at this time",
                     "Renew the certificate and let the process load it; compare the clocks",
                     "LC0719"},
    scrape_cause_row{certificate_name, "certificate_name",
                     "the certificate is not for the address that is scraped",
                     "Set `tlsConfig.serverName` to a name in the certificate", "LC0719"},
    scrape_cause_row{client_certificate, "client_certificate",
                     "the target demands a client certificate that it trusts",
                     "Set `tlsConfig.cert` and `tlsConfig.keySecret`", "LC0719"},
    scrape_cause_row{
        tls_version, "tls_version", "both sides have no TLS version or cipher in common",
        "Let the target speak TLS 1.2 or newer, or set `tlsConfig.minVersion`", "LC0719"},
    scrape_cause_row{tls_other, "tls_other", "the TLS handshake failed",
                     "Look at the target's log for the same moment", "LC0719"},
    scrape_cause_row{credentials_missing, "credentials_missing",
                     "Prometheus cannot read a file that the scrape needs",
                     "Mount the Secret into Prometheus' Pod, or refer to it in the monitor instead "
                     "of naming a file"},
    scrape_cause_row{oauth2, "oauth2", "Prometheus got no token for OAuth 2.0",
                     "Check `oauth2.tokenUrl`, client ID, secret and scopes"},
    scrape_cause_row{proxy, "proxy", "the proxy on the way to the target failed",
                     "Check `proxyUrl`, or take it away from the monitor"},
    scrape_cause_row{bad_url, "bad_url", "the target's URL is not one that can be scraped",
                     "Look at relabellings that write __scheme__, __address__ or __metrics_path__"},
    scrape_cause_row{bad_request, "bad_request", "the target calls the request wrong",
                     "Check `params`, `path` and `scheme` of the monitor's endpoint"},
    scrape_cause_row{
        unauthorized, "unauthorized", "the target demands a login",
        "Set `basicAuth`, `authorization` or `oauth2` on the monitor's endpoint, with a "
        "Secret that holds what the target accepts",
        "LC0713"},
    scrape_cause_row{
        forbidden, "forbidden", "the target refuses this login, or Prometheus' address",
        "Give the login the right to read metrics; behind kube-rbac-proxy that is `get` "
        "on the nonResourceURL of the path",
        "LC0714"},
    scrape_cause_row{not_found, "not_found", "the target has no such path",
                     "Set `path` on the monitor's endpoint to where the metrics are, or name the "
                     "port that serves them",
                     "LC0715"},
    scrape_cause_row{not_acceptable, "not_acceptable",
                     "the target has none of the formats that Prometheus asked for",
                     "Set `scrapeProtocols` to one that the target has: PrometheusText0.0.4 is the "
                     "commonest"},
    scrape_cause_row{redirect, "redirect", "the target redirects, and redirects are not followed",
                     "Set `path` and `scheme` to where it leads, or `followRedirects: true`",
                     "LC0717"},
    scrape_cause_row{redirect_loop, "redirect_loop", "the target redirects without an end",
                     "Set `path` and `scheme` to where the metrics are; a login page redirects so",
                     "LC0717"},
    scrape_cause_row{too_many_requests, "too_many_requests",
                     "the target limits how often it is asked",
                     "Raise the interval, or exempt Prometheus from the limit", "LC0716"},
    scrape_cause_row{server_unavailable, "server_unavailable",
                     "the target, or a proxy before it, is "
                     "not able to answer",
                     "Look at the container beside the proxy: it may be down or on another port",
                     "LC0716"},
    scrape_cause_row{server_error, "server_error", "the target failed while it made the answer",
                     "Look at the target's log for the same moment", "LC0716"},
    scrape_cause_row{other_status, "other_status",
                     "the target answers with a status that is not 200",
                     "Look at what it serves there: curl -v on the target's URL"},
    scrape_cause_row{content_type_missing, "content_type_missing",
                     "the answer has no Content-Type, which Prometheus 3 demands",
                     "Send `Content-Type: text/plain; version=0.0.4`, or set "
                     "`fallbackScrapeProtocol: PrometheusText0.0.4` on the monitor",
                     "LC0720"},
    scrape_cause_row{
        content_type, "content_type", "Prometheus 3 does not take the answer's Content-Type",
        "Send `Content-Type: text/plain; version=0.0.4`, or set "
        "`fallbackScrapeProtocol: PrometheusText0.0.4` on the monitor; text/html means "
        "that the path is not the metrics'",
        "LC0720"},
    scrape_cause_row{content_encoding, "content_encoding",
                     "the content is not encoded as its Content-Encoding says",
                     "Send gzip only with `Content-Encoding: gzip`, and nothing else with it; "
                     "`enableHttp2` and proxies do not change this",
                     "LC0721"},
    scrape_cause_row{html_page, "html_page", "the path serves an HTML page, not metrics",
                     "Set `path` on the monitor's endpoint to where the metrics are", "LC0721"},
    scrape_cause_row{open_metrics_end, "open_metrics_end",
                     "the answer calls itself OpenMetrics and does not end with `# EOF`",
                     "End it with the line `# EOF`, or send it as text/plain; a cut answer looks "
                     "like this too",
                     "LC0721"},
    scrape_cause_row{invalid_exposition, "invalid_exposition",
                     "a line of the answer cannot be parsed",
                     "Correct the exposition: `promtool check metrics` reads it; an HTML page and "
                     "content that is packed without saying so look like this, too",
                     "LC0721"},
    scrape_cause_row{invalid_label, "invalid_label",
                     "a metric or label has a name or value that Prometheus does not take",
                     "Correct the exposition, or the metric relabelling that made it", "LC0721"},
    scrape_cause_row{duplicate_label, "duplicate_label", "a series has one label twice",
                     "Correct the exposition: each label name once in a series", "LC0721"},
    scrape_cause_row{native_histogram, "native_histogram", "a native histogram contradicts itself",
                     "Correct the exposition; `scrapeNativeHistograms: false` leaves it out",
                     "LC0721"},
    scrape_cause_row{body_size_limit, "body_size_limit", "the answer is larger than bodySizeLimit",
                     "Expose less, or raise `bodySizeLimit` (bytes after decompression)", "LC0722",
                     "bodySizeLimit"},
    scrape_cause_row{sample_limit, "sample_limit", "the answer has more samples than sampleLimit",
                     "Expose less, drop series by `metricRelabelings`, or raise `sampleLimit`",
                     "LC0723", "sampleLimit"},
    scrape_cause_row{bucket_limit, "bucket_limit",
                     "a native histogram has more buckets than nativeHistogramBucketLimit allows, "
                     "even after merging",
                     "Raise `nativeHistogramBucketLimit` or lower the histogram's resolution"},
    scrape_cause_row{label_limit, "label_limit", "a series has more labels than labelLimit",
                     "Raise `labelLimit` (the target's own labels count too) or drop labels by "
                     "`metricRelabelings`",
                     "LC0724", "labelLimit"},
    scrape_cause_row{label_name_length_limit, "label_name_length_limit",
                     "a label's name is longer than labelNameLengthLimit",
                     "Raise `labelNameLengthLimit` (bytes) or shorten the name", "LC0724",
                     "labelNameLengthLimit"},
    scrape_cause_row{label_value_length_limit, "label_value_length_limit",
                     "a label's value is longer than labelValueLengthLimit",
                     "Raise `labelValueLengthLimit` (bytes) or shorten the value", "LC0724",
                     "labelValueLengthLimit"},
    scrape_cause_row{target_limit, "target_limit",
                     "the monitor finds more targets than targetLimit, so that none is scraped",
                     "Raise `targetLimit`, or select less", "LC0725", "targetLimit"},
    scrape_cause_row{storage, "storage", "Prometheus cannot store what it scraped",
                     "Look at Prometheus' log, disk and memory"},
    scrape_cause_row{unknown, "unknown", "the scrape fails for a reason not known here",
                     "Ask the target by hand: curl -v on its URL from Prometheus' namespace"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].cause != static_cast<scrape_cause>(i)) return false;
  return rows.back().cause == unknown;
}
static_assert(in_order(), "one row for each enumerator, in its order");

}  // namespace

std::span<scrape_cause_row const> scrape_causes() noexcept {
  return rows;
}

scrape_cause_row const &row_of(scrape_cause cause) noexcept {
  return rows[std::min(static_cast<std::size_t>(cause), rows.size() - 1)];
}

}  // namespace loopcheck
