// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <boost/program_options.hpp>
#include <boost/version.hpp>

#include <algorithm>
#include <array>
#include <sstream>

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/prediction/duration.hpp>
#include <loopcheck/prediction/selector.hpp>
#include <loopcheck/sources/url.hpp>

#include "program_version.hpp"

namespace loopcheck {
namespace {

namespace po = boost::program_options;

constexpr char const *stray = " inputs";  // the blank keeps it from being typed as a flag

struct command_row {
  command which;
  std::string_view name;
  std::string_view synopsis;
  std::string_view help;
  std::vector<std::string_view> flags;  // besides those of all
};

std::vector<command_row> const &commands() {
  static std::vector<command_row> const rows = {
      {command::manifests,
       "manifests",
       "FILE|FOLDER|-...",
       "Check objects from files, folders, kustomizations (rendered by kubectl) or stdin.",
       {"output", "namespace", "prometheus", "selector", "operator", "crds", "exposition",
        "queries", "query"}},
      {command::live,
       "live",
       "[KIND/NAME...]",
       "Check a cluster, read through kubectl, and what its Prometheus says.",
       {"output", "namespace", "all-namespaces", "labels", "prometheus", "prometheus-url",
        "operator", "exposition", "queries", "query", "wait", "context", "kubeconfig", "as",
        "request-timeout"}},
      {command::serve,
       "serve",
       "",
       "In a cluster, as a Pod: check again and again, and expose the result as metrics.",
       {"namespace", "all-namespaces", "labels", "prometheus", "prometheus-url", "operator",
        "interval", "web.listen-address", "service-account-folder"}},
      {command::predict,
       "predict",
       "FILE|FOLDER|-...",
       "Print the targets and labels that each monitor will give.",
       {"output", "namespace", "prometheus", "selector", "operator", "cases"}},
      {command::explain,
       "explain",
       "CODE...",
       "Print cause, fix and handbook section of a code.",
       {"all", "output"}},
  };
  return rows;
}

po::options_description description() {
  auto const text = [](char const *metavar) {
    return po::value<std::string>()->value_name(metavar);
  };
  po::options_description flags("Flags");
  flags.add_options()                                                                   //
      ("help,h", "Show this help.")                                                     //
      ("version", "Show the version.")                                                  //
      ("output,o", text("FORM")->default_value("text"), "text, json, sarif or junit.")  //
      ("namespace,n", text("NAME"),
       "Namespace of objects that name none (else default); of live and serve the one that is "
       "checked "
       "(else the context's, all).")                                    //
      ("all-namespaces,A", po::bool_switch(), "Check all namespaces.")  //
      ("labels,l", text("SELECTOR"),
       "Check only chains of which the monitor, a Service or a workload has these labels.")  //
      ("prometheus", text("FILE|NS/NAME"),
       "The Prometheus object: a file that has it, or which one of those that are there.")  //
      ("prometheus-url", text("URL"),
       "Ask that Prometheus there, and not through the API server. Login: PROMETHEUS_USERNAME, "
       "PROMETHEUS_PASSWORD, PROMETHEUS_TOKEN.")                                                 //
      ("wait", text("DURATION"), "Check again until the chain is whole, at most so long: 60s.")  //
      ("interval", text("DURATION")->default_value("1m"),
       "From the beginning of one check to that of the next, at least 1s.")  //
      ("web.listen-address", text("ADDRESS")->default_value(":9808"),
       "Address to serve metrics and probes on, HOST:PORT or :PORT.")  //
      ("service-account-folder",
       text("FOLDER")->default_value("/var/run/secrets/kubernetes.io/serviceaccount"),
       "Where token and ca.crt are, by which the API server is asked.")  //
      ("selector", text("LABELS")->default_value("release=prometheus"),
       "Where the input has no Prometheus object: the labels by which one would select "
       "monitors.")  //
      ("operator", text("VERSION"),
       "Version of the Prometheus Operator whose configuration is predicted: else 0.93.0, or what "
       "the cluster shows.")  //
      ("crds", text("VERSION|FILE"),
       "CRDs whose fields monitors may have: of a version of the Operator, or in a file or folder; "
       "without it those in the input, or of --operator.")  //
      ("exposition", text("FILE"),
       "What the targets expose, to rehearse limits and queries on: GET /metrics in a file.")  //
      ("queries", po::value<std::vector<std::string>>()->value_name("FILE"),
       "Rule file or dashboard whose queries are checked, too; may be given several times.")  //
      ("query", po::value<std::vector<std::string>>()->value_name("PROMQL"),
       "A query to check; may be given several times.")        //
      ("context", text("NAME"), "As of kubectl.")              //
      ("kubeconfig", text("FILE"), "As of kubectl.")           //
      ("as", text("USER"), "As of kubectl.")                   //
      ("request-timeout", text("DURATION"), "As of kubectl.")  //
      ("cases", po::bool_switch(),
       "Predict each line of stdin, {\"id\":..., \"objects\":[...]}, by itself.")  //
      ("all", po::bool_switch(), "Explain every code.");
  return flags;
}

[[noreturn]] void refuse(std::string const &flag, std::string const &given,
                         std::string const &allowed) {
  throw usage_error("--" + flag + ": bad value \"" + given + "\"; allowed is " + allowed);
}

po::variables_map parse(std::vector<std::string> const &arguments) {
  namespace style = po::command_line_style;
  constexpr int strict = style::unix_style & ~style::allow_guessing & ~style::allow_sticky;
  po::variables_map values;
  try {
    auto flags = description();
    flags.add_options()(stray, po::value<std::vector<std::string>>());
    po::store(po::command_line_parser(arguments)
                  .options(flags)
                  .positional(po::positional_options_description().add(stray, -1))
                  .style(strict)
                  .run(),
              values);
    po::notify(values);
  } catch (po::error const &e) {
    throw usage_error(std::string(e.what()) + " (see --help)");
  }
  return values;
}

std::string names() {
  std::string made;
  for (auto const &row : commands())
    made += (made.empty() ? "" : ", ") + std::string(row.name);
  return made;
}

command_row const &find_command(std::string const &name) {
  for (auto const &row : commands()) {
    if (row.name == name) return row;
  }
  throw usage_error("unknown command \"" + name + "\"; there are " + names() + " (see --help)");
}

void refuse_flags_of_others(command_row const &row, po::variables_map const &values) {
  for (auto const &[flag, held] : values) {
    if (held.defaulted() || flag == stray || flag == "help" || flag == "version") continue;
    if (std::find(row.flags.begin(), row.flags.end(), flag) == row.flags.end()) {
      throw usage_error("--" + flag + " is no flag of " + std::string(row.name) + " (see --help)");
    }
  }
}

output_form parse_output(std::string const &given) {
  constexpr std::array<std::pair<std::string_view, output_form>, 4> forms = {
      {{"text", output_form::text},
       {"json", output_form::json},
       {"sarif", output_form::sarif},
       {"junit", output_form::junit}}};
  for (auto const &[name, form] : forms) {
    if (name == given) return form;
  }
  refuse("output", given, "text, json, sarif or junit");
}

std::chrono::milliseconds parse_interval(std::string const &given) {
  auto const interval = parse_duration(given);
  if (!interval || *interval < std::chrono::seconds(1) || *interval > std::chrono::hours(24))
    refuse("interval", given, "a duration like 1m, at least 1s and at most 1d");
  return *interval;
}

loopmeter::server::listen_address parse_address(std::string const &given) {
  try {
    return loopmeter::server::parse_listen_address(given);
  } catch (std::invalid_argument const &e) {
    throw usage_error(std::string("--web.listen-address: bad value ") + e.what());
  }
}

std::string parse_prometheus_url(std::string given) {
  try {
    if (!given.empty()) parse_url(given);
  } catch (input_error const &e) {  // which does not repeat a password
    throw usage_error(std::string("--prometheus-url: ") + e.what());
  }
  return given;
}

std::string parse_labels(std::string const &flag, std::string given, std::string const &example) {
  try {
    if (!given.empty()) selector::parse(given);
  } catch (selector_error const &e) {
    refuse(flag, given, "labels like " + example + ": " + e.what());
  }
  return given;
}

}  // namespace

options parse_options(std::vector<std::string> const &arguments) {
  auto const values = parse(arguments);
  options made;
  made.help = values.count("help") > 0;
  made.version = values.count("version") > 0;
  if (made.help || made.version) return made;
  if (values.count(stray) > 0) made.inputs = values[stray].as<std::vector<std::string>>();
  if (made.inputs.empty()) throw usage_error("no command; there are " + names() + " (see --help)");
  auto const &row = find_command(made.inputs.front());
  made.inputs.erase(made.inputs.begin());
  made.asked = row.which;
  refuse_flags_of_others(row, values);

  auto const text_of = [&](char const *flag) {
    return values.count(flag) > 0 ? values[flag].as<std::string>() : std::string();
  };
  auto const texts_of = [&](char const *flag) {
    return values.count(flag) > 0 ? values[flag].as<std::vector<std::string>>()
                                  : std::vector<std::string>();
  };
  made.output = parse_output(text_of("output"));
  made.space = text_of("namespace");
  made.all_spaces = values["all-namespaces"].as<bool>();
  if (made.all_spaces && !made.space.empty()) {
    throw usage_error("--namespace and --all-namespaces exclude each other (see --help)");
  }
  made.labels = parse_labels("labels", text_of("labels"), "app=demo,tier in (web)");
  made.prometheus = text_of("prometheus");
  made.prometheus_url = parse_prometheus_url(text_of("prometheus-url"));
  made.selector = parse_labels("selector", text_of("selector"), "release=prometheus");
  if (auto const version = text_of("operator"); !version.empty()) {
    made.operator_version = version_number::parse(version);
    if (!made.operator_version) refuse("operator", version, "a version like v0.93.0");
  }
  if (auto const wait = text_of("wait"); !wait.empty()) {
    made.wait = parse_duration(wait);
    if (!made.wait || *made.wait > std::chrono::hours(24))
      refuse("wait", wait, "a duration like 60s or 2m, at most 1d");
  }
  made.interval = parse_interval(text_of("interval"));
  made.listen = parse_address(text_of("web.listen-address"));
  made.account_folder = text_of("service-account-folder");
  made.kubectl = {text_of("context"), text_of("kubeconfig"), text_of("as"),
                  text_of("request-timeout")};
  made.crds = text_of("crds");
  made.exposition = text_of("exposition");
  made.queries = texts_of("queries");
  made.expressions = texts_of("query");
  made.cases = values["cases"].as<bool>();
  made.all = values["all"].as<bool>();
  if (made.asked == command::serve && !made.inputs.empty()) {
    throw usage_error("serve: unexpected argument \"" + made.inputs.front() +
                      "\"; only flags are allowed (see --help)");
  }
  bool const needs_input =
      !made.cases && !made.all && made.asked != command::live && made.asked != command::serve;
  if (needs_input && made.inputs.empty()) {
    throw usage_error(std::string(row.name) + ": no input; expected is " +
                      std::string(row.synopsis) + " (see --help)");
  }
  return made;
}

std::string help_text() {
  std::ostringstream out;
  out << "usage: loopcheck COMMAND [INPUT...] [FLAG...]\n\n"
         "Names the first broken link of the chain from a Pod to a PromQL answer:\n"
         "Pod, Service, ServiceMonitor or PodMonitor, Prometheus, target, samples, query.\n\n"
         "Commands\n";
  for (auto const &row : commands()) {
    auto const usage = std::string(row.name) + " " + std::string(row.synopsis);
    out << "  " << usage << std::string(usage.size() < 28 ? 28 - usage.size() : 1, ' ') << row.help
        << "\n";
  }
  out << "\n"
      << description()
      << "\nExit status: 0 the chain is whole, 1 a link is broken, 2 bad input, 3 it cannot be "
         "decided; of serve 0 after SIGTERM.\n";
  return out.str();
}

std::string version_text() {
  return std::string("loopcheck, version ") + program::version + " (branch: " + program::branch +
         ", revision: " + program::revision + ")\n  build:    " + program::compiler +
         ", C++20, Boost " BOOST_LIB_VERSION "\n";
}

}  // namespace loopcheck
