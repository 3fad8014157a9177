// SPDX-License-Identifier: Apache-2.0
// A Kubernetes API server that is read, and never written to: through kubectl, or as a Pod does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <loopcheck/objects/value.hpp>

#include "outcome.hpp"

namespace loopcheck {

/// Thread-safe: several requests are made at once.
class cluster {
 public:
  cluster() = default;
  cluster(cluster const &) = delete;
  cluster &operator=(cluster const &) = delete;
  virtual ~cluster() = default;

  /// GET of a path with its query ("/api/v1/pods?limit=500"). The body where the status is 200.
  virtual outcome<std::string> get(std::string const &path) = 0;

  /// The names under `data` of one Secret, without their values.
  virtual outcome<std::vector<std::string>> secret_keys(std::string_view space,
                                                        std::string_view name) = 0;

  /// For messages: "the current context", "context kind-dev".
  virtual std::string name() const = 0;
};

/// What is listed: "/api/v1" and "pods", in one namespace or in all.
struct list_request {
  std::string group;                           ///< "/api/v1", "/apis/apps/v1"
  std::string resource;                        ///< plural
  std::optional<std::string> space;            ///< nothing: all namespaces, or what has none
  std::string label_selector, field_selector;  ///< not escaped
  std::size_t limit = 500;
};

/// Path and query of a page; an empty token asks for the first.
std::string path_of(list_request const &request, std::string_view continue_token = {});

struct page {
  std::vector<value> items;
  std::string continue_token;  ///< empty: the last page
};

/// One request. bad_answer where it is not a list.
outcome<page> list_page(cluster &from, list_request const &request,
                        std::string_view continue_token = {});

/// Where the API server's proxy leads to a port of a Pod: it takes numbers only. `path` begins with
/// "/" and has its query.
struct proxied_port {
  std::string space, pod;
  std::int64_t port = 0;
  bool tls = false;  ///< the API server does not verify the certificate
};
std::string proxy_path(proxied_port const &to, std::string_view path);

/// "a=b,c" → "a%3Db%2Cc": what a query's value may hold.
std::string percent_encoded(std::string_view text);

}  // namespace loopcheck
