// SPDX-License-Identifier: Apache-2.0
#include "listing.hpp"

#include <loopcheck/objects/input_error.hpp>
#include <loopcheck/objects/yaml.hpp>

namespace loopcheck {

outcome<std::string> counting_cluster::get(std::string const &path) {
  auto result = counted_.get(path);
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (result) bytes_.fetch_add(result->size(), std::memory_order_relaxed);
  return result;
}

outcome<std::vector<std::string>> counting_cluster::secret_keys(std::string_view space,
                                                                std::string_view name) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  return counted_.secret_keys(space, name);
}

bool is_of_the_whole(access_error kind) noexcept {
  switch (kind) {
    case access_error::tool_missing:
    case access_error::bad_configuration:
    case access_error::unreachable:
    case access_error::unauthorized:
    case access_error::interrupted:
      return true;
    default:
      return false;
  }
}

namespace {

list_request request_of(listing const &of, listing_limits const &limits) {
  list_request result;
  result.group = of.row->group;
  result.resource = of.row->resource;
  result.space = of.space;
  result.label_selector = of.label_selector.empty() ? of.row->label_selector : of.label_selector;
  result.field_selector = of.row->field_selector;
  result.limit = limits.page_objects;
  return result;
}

void read_pages(cluster &from, listing &to, listing_limits const &limits) {
  auto const request = request_of(to, limits);
  bool restarted = false;
  std::string token;
  do {
    auto got = list_page(from, request, token);
    if (!got && got.why().kind == access_error::expired && !restarted) {
      // The list took longer than the server keeps its snapshot.
      restarted = true;
      token.clear();
      to.objects.clear();
      got = list_page(from, request);
    }
    if (!got) {
      to.failure = got.why();
      return;
    }
    for (value &each : got->items)
      to.objects.push_back(kept_object(std::move(each), *to.row));
    token = std::move(got->continue_token);
    if (!token.empty() && to.objects.size() >= limits.objects_max) {
      to.failure = access_failure{access_error::too_large,
                                  "more than " + std::to_string(to.objects.size()) + " of them"};
      return;
    }
  } while (!token.empty());
}

void read_one(cluster &from, listing &to) {
  auto path = std::string(to.row->group);
  if (to.space) path += "/namespaces/" + percent_encoded(*to.space);
  path += "/" + std::string(to.row->resource) + "/" + percent_encoded(to.name);
  auto const body = from.get(path);
  if (!body) {
    if (body.why().kind != access_error::not_found) to.failure = body.why();
    return;
  }
  try {
    to.objects.push_back(kept_object(parse_json(*body, path), *to.row));
  } catch (input_error const &error) {
    to.failure = access_failure{access_error::bad_answer, error.what()};
  }
}

}  // namespace

void read_all(cluster &from, std::vector<listing> &lists, listing_limits const &limits) {
  side_by_side(lists.size(), limits.parallel, [&](std::size_t i) {
    if (lists[i].name.empty()) {
      read_pages(from, lists[i], limits);
    } else {
      read_one(from, lists[i]);
    }
  });
}

}  // namespace loopcheck
