// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/ready_set.hpp>

#include <cerrno>

namespace loopmeter::server {

namespace {

int make_epoll() {
  int const descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  }
  return descriptor;
}

}  // namespace

ready_set::ready_set(asio::io_context &context, loop_clock &time, metrics::histogram batch_size)
    : executor_(context.get_executor()),
      clock_(time),
      batch_size_(batch_size),
      epoll_(context, make_epoll()) {
  wait();
}

ready_set::~ready_set() {
  // Handlers are dropped, not called: the coroutines behind them are unwound by the io_context's
  // own destruction, which comes next. Dropping one may destroy further sources.
  while (!sources_.empty()) {
    auto &front = static_cast<source &>(sources_.front());
    front.unlink();
    front.set_ = nullptr;
    front.waiter_.destroy();
  }
}

error_code ready_set::add(source &s, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &s;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return {errno, boost::system::system_category()};
  }
  s.set_ = this;
  s.descriptor_ = descriptor;
  s.events_ = 0;
  sources_.push_back(s);
  return {};
}

void ready_set::remove(source &s) noexcept {
  if (s.set_ == nullptr) return;
  epoll_event ignored{};
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, s.descriptor_, &ignored);
  // A handler of this batch may destroy a connection whose own event is later in it.
  for (int i = next_event_; i < event_count_; ++i) {
    auto &event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == &s) event.data.ptr = nullptr;
  }
  s.unlink();
  s.set_ = nullptr;
}

void ready_set::wait() {
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code ec) {
    if (ec) return;
    dispatch();
    wait();
  });
}

void ready_set::dispatch() {
  for (int round = 0; round < rounds_max; ++round) {
    if (dispatch_batch() < busy_batch) return;
  }
}

int ready_set::dispatch_batch() {
  int const count = ::epoll_wait(epoll_.native_handle(), events_.data(), events_per_batch, 0);
  if (count <= 0) return 0;  // EINTR: the set stays readable, Asio calls again
  clock_.update();
  batch_size_.observe(count);
  event_count_ = count;
  for (next_event_ = 0; next_event_ < event_count_;) {
    auto const &event = events_[static_cast<std::size_t>(next_event_++)];
    if (event.data.ptr != nullptr) static_cast<source *>(event.data.ptr)->on_events(event.events);
  }
  event_count_ = 0;
  return count;
}

ready_set::source::~source() {
  if (set_ != nullptr) set_->remove(*this);
}

void ready_set::source::on_events(std::uint32_t events) {
  events_ |= events;
  if (waiter_.waiting()) {
    if (satisfied()) waiter_.complete({});
  } else if (broken() && on_broken_ != nullptr) {
    on_broken_(context_);
  }
}

}  // namespace loopmeter::server
