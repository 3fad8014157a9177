// SPDX-License-Identifier: Apache-2.0
#include "kubectl_cluster.hpp"

#include <system_error>
#include <utility>

#include "process.hpp"

namespace loopcheck {

kubectl_cluster::kubectl_cluster(kubectl_options options) : options_(std::move(options)) {}

std::string kubectl_cluster::name() const {
  return options_.context.empty() ? "the current context" : "context " + options_.context;
}

outcome<std::string> kubectl_cluster::output_of(std::vector<std::string> arguments) const {
  std::vector<std::string> all{options_.program};
  auto const add = [&](char const *flag, std::string const &value) {
    if (!value.empty()) all.push_back(flag + ("=" + value));
  };
  add("--context", options_.context);
  add("--kubeconfig", options_.kubeconfig);
  add("--as", options_.as);
  for (auto const &each : options_.as_groups)
    add("--as-group", each);
  add("--request-timeout", options_.request_timeout);
  for (auto &each : arguments)
    all.push_back(std::move(each));

  auto result = run({std::move(all), options_.answer_bytes_max, options_.deadline});
  using end = process_result::end;
  switch (result.how) {
    case end::exited:
      if (result.code == 0) return std::move(result.output);
      return read_kubectl_error(result.errors);
    case end::missing:
      return access_failure{access_error::tool_missing,
                            options_.program + " is not installed, or not in PATH"};
    case end::not_started:
      return access_failure{
          access_error::tool_missing,
          options_.program + " cannot be run: " + std::generic_category().message(result.code)};
    case end::signalled:
      return access_failure{access_error::server_error, options_.program + " was ended by signal " +
                                                            std::to_string(result.code)};
    case end::timed_out:
      return access_failure{access_error::timed_out, options_.program + " did not answer within " +
                                                         std::to_string(options_.deadline.count()) +
                                                         " s"};
    case end::too_large:
      return access_failure{
          access_error::too_large,
          "the answer is larger than " + std::to_string(options_.answer_bytes_max >> 20) + " MiB"};
    case end::interrupted:
      break;
  }
  return access_failure{access_error::interrupted, "interrupted"};
}

outcome<std::string> kubectl_cluster::get(std::string const &path) {
  return output_of({"get", "--raw", path});
}

outcome<std::vector<std::string>> kubectl_cluster::secret_keys(std::string_view space,
                                                               std::string_view name) {
  // kubectl takes the values away, so that they never come here.
  auto const lines = output_of({"get", "--namespace=" + std::string(space),
                                "--output=go-template={{range $key, $value := .data}}{{$key}}"
                                "{{\"\\n\"}}{{end}}",
                                "--", "secrets", std::string(name)});
  if (!lines) return lines.why();
  std::vector<std::string> keys;
  for (std::string_view rest = *lines; !rest.empty();) {
    auto const end = std::min(rest.find('\n'), rest.size());
    if (end > 0) keys.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return keys;
}

outcome<std::string> kubectl_cluster::default_namespace() {
  auto found = output_of({"config", "view", "--minify", "--output=jsonpath={..namespace}"});
  // Without any context kubectl takes this one, too, and says of the server what there is to say.
  bool const no_context = !found && options_.context.empty() &&
                          found.why().words.find("current-context must exist") != std::string::npos;
  if (no_context || (found && found->empty())) return std::string("default");
  return found;
}

}  // namespace loopcheck
