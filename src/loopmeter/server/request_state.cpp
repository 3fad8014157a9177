// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/request_state.hpp>

#include <utility>

#include <loopmeter/server/wire.hpp>

namespace loopmeter::server {

namespace {

constexpr std::size_t kept_bytes_max = 1024;

}  // namespace

void request_state::reset() noexcept {
  scanner = {};
  decoder = {};
  release(content);
  kept.capacity() <= kept_bytes_max ? kept.clear() : release(kept);
  answer_body = nullptr;
  pieces = nullptr;
  login = nullptr;
  resource = route_table::not_found;
  row = nullptr;
  started = {};
  closed_before_handler = false;
  login_waited = false;
  exchange.base_ = nullptr;
  exchange.head_ = {};
  exchange.body_ = {};
  exchange.parameters_.count = 0;
}

std::unique_ptr<request_state> request_states::take(int socket) {
  if (spare_.empty()) return std::make_unique<request_state>(sleeps_, socket);
  auto state = std::move(spare_.back());
  spare_.pop_back();
  state->exchange.socket_ = socket;
  return state;
}

void request_states::give_back(std::unique_ptr<request_state> state) noexcept {
  if (state == nullptr || spare_.size() == spare_max) return;
  // Ended for good, or by a handler that left something behind that still sleeps on it.
  auto const &sleeper = state->exchange.sleeper_;
  if (sleeper.closed() || sleeper.sleeping()) return;
  state->reset();
  spare_.push_back(std::move(state));
}

}  // namespace loopmeter::server
