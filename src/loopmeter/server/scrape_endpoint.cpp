// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scrape_endpoint.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <loopmeter/exposition/negotiate.hpp>
#include <loopmeter/server/form.hpp>
#include <loopmeter/server/running_scrape.hpp>
#include <loopmeter/server/scrape_page.hpp>

namespace loopmeter::server {

namespace {

/// Keeps a ticket where the gathering thread finds it for as long as its handler waits, however
/// that ends.
class place_in_queue {
 public:
  place_in_queue(scraper &owner, exchange &x, std::shared_ptr<scrape_ticket> const &ticket)
      : scraper_(owner), ticket_(*ticket) {
    ticket_.waiting = &x;
    scraper_.enqueue(ticket);
  }
  ~place_in_queue() {
    ticket_.waiting = nullptr;
    scraper_.withdraw(ticket_);
  }
  place_in_queue(place_in_queue const &) = delete;
  place_in_queue &operator=(place_in_queue const &) = delete;

 private:
  scraper &scraper_;
  scrape_ticket &ticket_;
};

http::response refuse(running_scrape &scrape, scrape_error cause, std::string_view text) {
  scrape.fail(cause, 503);
  auto answer = http::text(text, 503);
  if (cause == scrape_error::limit) answer.fields = "Retry-After: 1\r\n";
  return answer;
}

std::shared_ptr<scrape_ticket> make_ticket(exchange const &x, clock::time_point deadline,
                                           asio::io_context::executor_type const &home) {
  auto names = form_values(x.query(), "name[]");
  return std::make_shared<scrape_ticket>(scrape_ticket{
      .as = exposition::negotiate(x.joined_field("Accept")),
      .filter = exposition::name_filter(std::move(names)),
      .query = std::string(x.query()),
      .gzip = exposition::accepts_gzip(x.joined_field("Accept-Encoding")),
      .deadline = deadline,
      .home = home,
  });
}

// Waits for the gather; false if time was up first. Throws when the client is gone or the server
// stops.
task<bool> wait_for_gather(scraper &owner, exchange &x, std::shared_ptr<scrape_ticket> ticket) {
  place_in_queue const place(owner, x, ticket);
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(ticket->deadline - clock::now());
  co_await x.sleep_for(std::max(left, std::chrono::milliseconds(0)));
  co_return ticket->done;
}

task<http::response> answer_scrape(scraper &owner, exchange &x) {
  auto scrape = std::make_unique<running_scrape>(owner, x);
  if (!scrape->admitted()) {
    co_return refuse(*scrape, scrape_error::limit,
                     "too many scrapes at once; ask again in a second\n");
  }
  auto const ticket = make_ticket(x, scrape->deadline(), co_await asio::this_coro::executor);
  scrape->record().protocol = ticket->as.protocol;
  bool done = false;
  try {
    done = co_await wait_for_gather(owner, x, ticket);
  } catch (boost::system::system_error const &) {
    if (x.was_cut()) scrape->fail(scrape_error::shutdown, 503);
    throw;
  }
  if (!done) {
    co_return refuse(*scrape, scrape_error::deadline,
                     "the metrics could not be gathered in the time that the scrape has\n");
  }
  if (ticket->failed) {
    scrape->fail(scrape_error::internal, 500);
    co_return http::error_response(500);
  }
  http::response answer;
  answer.content_type = exposition::content_type(ticket->as);
  // With a filter, or an empty registry, there may be nothing to say; Prometheus 3 takes an answer
  // without a type for a failed scrape all the same.
  answer.typed_if_empty = true;
  if (ticket->gzip) {
    scrape->record().encoding = scrape_encoding::gzip;
    answer.fields = "Content-Encoding: gzip\r\n";
  }
  answer.stream = std::make_unique<scrape_body>(std::move(scrape), ticket);
  co_return answer;
}

}  // namespace

std::vector<route> scrape_routes(metrics::registry &registry, scrape_options options) {
  auto const get = http::method::get;
  auto const path = options.path;
  auto const log_path = options.log_path;
  // shared: by the rows, which are values.
  auto const owner = std::make_shared<scraper>(registry, std::move(options));
  auto &s = *owner;
  std::vector<route> rows;
  rows.push_back({get, path, waiting_handler([&s](exchange &x) { return answer_scrape(s, x); }),
                  200, accounting::internal, owner});
  if (!log_path.empty()) {
    rows.push_back({get, log_path, plain_handler([&s](exchange &x) { return scrape_page(s, x); }),
                    200, accounting::internal, owner});
  }
  return rows;
}

}  // namespace loopmeter::server
