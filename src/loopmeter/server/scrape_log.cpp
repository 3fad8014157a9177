// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scrape_log.hpp>

#include <algorithm>
#include <utility>

namespace loopmeter::server {

std::string printable_agent(std::string_view field) {
  std::string text(field.substr(0, agent_bytes_max));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

void scrape_log::add(scrape_record record) {
  std::scoped_lock const lock(mutex_);
  auto const same_address = [&record](scrape_record const &r) {
    return r.address == record.address;
  };
  auto const same_peer = [&record](scrape_record const &r) {
    return r.address == record.address && r.agent == record.agent;
  };
  auto const before = std::ranges::find_if(records_, same_peer);
  if (before != records_.end()) {
    record.interval_seen = std::chrono::milliseconds(record.began_ms - before->began_ms);
    records_.erase(before);
  } else if (std::ranges::count_if(records_, same_address) >=
             static_cast<std::ptrdiff_t>(agents_per_address_max)) {
    auto const oldest = std::find_if(records_.rbegin(), records_.rend(), same_address);
    records_.erase(std::next(oldest).base());
  } else if (records_.size() >= peers_max_) {
    records_.pop_back();
  }
  records_.push_front(std::move(record));
}

std::vector<scrape_record> scrape_log::records() const {
  std::scoped_lock const lock(mutex_);
  return {records_.begin(), records_.end()};
}

}  // namespace loopmeter::server
