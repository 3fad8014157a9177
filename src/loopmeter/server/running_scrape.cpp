// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/running_scrape.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include <loopmeter/base/clock.hpp>

namespace loopmeter::server {

namespace {

// Compressed at once: some 10 µs at level 1.
constexpr std::size_t gzip_piece_bytes = std::size_t{16} * 1024;

// The scraper's own clock started earlier, and the end of the answer must still reach it.
std::chrono::milliseconds time_for(std::chrono::milliseconds own_limit,
                                   std::optional<std::chrono::milliseconds> asked) {
  return asked ? std::min(own_limit, *asked * 95 / 100) : own_limit;
}

}  // namespace

running_scrape::running_scrape(scraper &owner, exchange const &x)
    : scraper_(owner), began_(clock::now()), admitted_(owner.enter()) {
  try {
    record_.address = x.peer_address();
    record_.agent = printable_agent(x.field("User-Agent"));
    record_.timeout_asked =
        exposition::scrape_timeout(x.field("X-Prometheus-Scrape-Timeout-Seconds"));
    record_.began_ms = unix_milliseconds();
  } catch (...) {
    if (admitted_) owner.leave();
    throw;
  }
  deadline_ = began_ + time_for(owner.options().timeout, record_.timeout_asked);
}

running_scrape::~running_scrape() {
  fail(scrape_error::client_gone, http::status_client_closed_request);
  if (admitted_) scraper_.leave();
}

void running_scrape::succeed(std::size_t bytes, std::size_t samples) noexcept {
  if (over_) return;
  record_.bytes = bytes;
  record_.samples = samples;
  end();
  auto const &to = scraper_.metrics();
  to.scrapes.at(record_.protocol, record_.encoding).inc();
  to.duration.set(std::chrono::duration<double>(record_.duration).count());
  to.bytes.set(static_cast<double>(bytes));
  to.samples.set(static_cast<double>(samples));
}

void running_scrape::tell_lifecycle(lifecycle::scrape_mark mark) noexcept {
  auto *const life = scraper_.options().life;
  if (life != nullptr) life->scraped(mark);
}

void running_scrape::fail(scrape_error cause, std::uint16_t status, std::size_t bytes) noexcept {
  if (over_) return;
  record_.error = cause;
  record_.status = status;
  record_.bytes = bytes;
  end();
  scraper_.metrics().errors.at(cause).inc();
}

void running_scrape::end() noexcept {
  over_ = true;
  record_.duration = clock::now() - began_;
  try {
    scraper_.log().add(record_);
  } catch (std::exception const &) {  // no memory: it is counted all the same
  }
}

bool scrape_body::encode(std::string &out, std::size_t bytes) {
  out += std::exchange(ticket_->begin, {});
  auto &stream = ticket_->stream;
  return ticket_->more && stream.has_value() && stream->next(out, bytes);
}

scrape_body::progress scrape_body::next(std::string &out, std::size_t bytes) {
  late_ = clock::now() >= deadline();
  if (late_) return progress::failed;
  if (ticket_->whole != nullptr) {
    auto const piece = std::string_view(*ticket_->whole).substr(sent_of_whole_, bytes);
    out += piece;
    sent_of_whole_ += piece.size();
    return sent_of_whole_ < ticket_->whole->size() ? progress::more : progress::end;
  }
  if (!ticket_->gzip) return encode(out, bytes) ? progress::more : progress::end;
  if (gzip_ == nullptr) gzip_ = std::make_unique<exposition::gzip_stream>();
  plain_.clear();
  bool const more = encode(plain_, std::min(bytes, gzip_piece_bytes));
  gzip_->add(plain_, out);
  if (more) return progress::more;
  gzip_->finish(out);
  return progress::end;
}

std::uint16_t scrape_body::failure_status() const noexcept {
  return late_ ? 503 : 500;
}

std::size_t scrape_body::samples() const noexcept {
  auto const &stream = ticket_->stream;
  return stream.has_value() ? stream->samples() : ticket_->samples;
}

void scrape_body::succeed(std::size_t body_bytes) noexcept {
  scrape_->succeed(body_bytes, samples());
  if (ticket_->filter.takes_all()) scrape_->tell_lifecycle(ticket_->mark);
}

void scrape_body::ended(outcome how, std::size_t body_bytes) noexcept {
  bool const late = late_ || clock::now() >= deadline();
  switch (how) {
    case outcome::sent:
      return succeed(body_bytes);
    case outcome::head_only:
      return scrape_->forget();
    case outcome::failed:
      return scrape_->fail(late_ ? scrape_error::deadline : scrape_error::internal,
                           failure_status(), body_bytes);
    case outcome::client_gone:
      return scrape_->fail(scrape_error::client_gone, http::status_client_closed_request,
                           body_bytes);
    case outcome::stalled:
      return scrape_->fail(late ? scrape_error::deadline : scrape_error::stalled,
                           http::status_client_closed_request, body_bytes);
    case outcome::cut:
      return scrape_->fail(scrape_error::shutdown, 503, body_bytes);
  }
}

}  // namespace loopmeter::server
