// SPDX-License-Identifier: Apache-2.0
// A scrape from its request to its end, and its body: what is counted and logged of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <loopmeter/exposition/gzip.hpp>
#include <loopmeter/http/response.hpp>
#include <loopmeter/http/status.hpp>
#include <loopmeter/server/scraper.hpp>

namespace loopmeter::server {

/// Has one of the scraper's places, or was refused one. Without an end() of its own it ends as one
/// that the client left.
class running_scrape {
 public:
  running_scrape(scraper &owner, exchange const &x);
  ~running_scrape();
  running_scrape(running_scrape const &) = delete;
  running_scrape &operator=(running_scrape const &) = delete;

  bool admitted() const noexcept { return admitted_; }
  clock::time_point deadline() const noexcept { return deadline_; }
  scrape_record &record() noexcept { return record_; }

  void succeed(std::size_t bytes, std::size_t samples) noexcept;
  void fail(scrape_error cause, std::uint16_t status, std::size_t bytes = 0) noexcept;
  /// It had all families, as of that mark.
  void tell_lifecycle(lifecycle::scrape_mark mark) noexcept;
  /// It was none: nothing is counted.
  void forget() noexcept { over_ = true; }

 private:
  void end() noexcept;

  scraper &scraper_;
  clock::time_point began_;
  clock::time_point deadline_;
  scrape_record record_;
  bool admitted_;
  bool over_ = false;
};

/// The exposition that a ticket brought, in pieces; compressed on the way where it is to be.
class scrape_body : public http::body_stream {
 public:
  scrape_body(std::unique_ptr<running_scrape> scrape, std::shared_ptr<scrape_ticket> ticket)
      : scrape_(std::move(scrape)), ticket_(std::move(ticket)) {}

  progress next(std::string &out, std::size_t bytes) override;
  std::uint16_t failure_status() const noexcept override;
  clock::time_point deadline() const noexcept override { return scrape_->deadline(); }
  void ended(outcome how, std::size_t body_bytes) noexcept override;

 private:
  void succeed(std::size_t body_bytes) noexcept;
  bool encode(std::string &out, std::size_t bytes);
  std::size_t samples() const noexcept;

  std::unique_ptr<running_scrape> scrape_;
  // shared: the thread that gathered may still hold it.
  std::shared_ptr<scrape_ticket> ticket_;
  std::unique_ptr<exposition::gzip_stream> gzip_;
  std::string plain_;
  std::size_t sent_of_whole_ = 0;
  bool late_ = false;
};

}  // namespace loopmeter::server
