// SPDX-License-Identifier: Apache-2.0
// What a ServiceAccount may do, as the API server's RBAC authorizer decides.
// Source: kubernetes plugin/pkg/auth/authorizer/rbac.
#pragma once

#include <string>
#include <vector>

#include <loopcheck/objects/object.hpp>

namespace loopcheck {

struct access_request {
  std::string verb;       ///< "list"
  std::string api_group;  ///< "" is core
  std::string resource;   ///< "pods"; empty: `url` is asked for
  std::string subresource;
  std::string name;   ///< of one object; empty: any, so that resourceNames do not do
  std::string space;  ///< empty: in all namespaces, or a resource without one
  std::string url;    ///< "/metrics": nonResourceURLs
};

/// "list endpointslices.discovery.k8s.io in namespace demo"
std::string text(access_request const &of);

struct access_verdict {
  enum class answer { allowed, denied, unknown };
  answer what = answer::unknown;
  object_id binding;  ///< that allows, or the nearest; empty: there is none
  object_id role;
  std::string field;  ///< "rules[0]" of the role, "subjects", "roleRef" of the binding
  std::string why;    ///< in words, one line: by what, or what is missing
};

/// `account` is of kind ServiceAccount. Denied by files only where one of them binds the account:
/// its rights may stand in others.
access_verdict may(inventory const &all, object_id const &account, access_request const &what);

}  // namespace loopcheck
