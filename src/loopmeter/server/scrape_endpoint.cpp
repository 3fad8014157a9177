// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scrape_endpoint.hpp>

#include <memory>
#include <utility>

#include <loopmeter/exposition/text.hpp>
#include <loopmeter/metrics/gather.hpp>

namespace loopmeter::server {

route scrape_route(metrics::registry const &registry, std::string path) {
  // shared_ptr: std::function copies its captures, and the plan inside belongs to all workers.
  auto encoder = std::make_shared<exposition::text_encoder>();
  return {http::method::get, std::move(path),
          [&registry, encoder](exchange &) {
            http::response answer;
            answer.content_type = exposition::content_type_text_004;
            encoder->encode(metrics::gather(registry), answer.body_owned);
            return answer;
          },
          200, accounting::internal};
}

}  // namespace loopmeter::server
