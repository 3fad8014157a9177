// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/process.hpp>

#include <loopmeter/base/file.hpp>
#include <loopmeter/collectors/proc_files.hpp>
#include <loopmeter/collectors/single_value.hpp>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string_view>

namespace loopmeter::collectors {
namespace {

using detail::single_value;
using metrics::metric_type;
using families = std::vector<metrics::foreign_family>;

std::optional<std::uint64_t> count_descriptors(std::string const &folder) {
  // Since Linux 6.2 the size of the folder is the count, without a list.
  struct stat status {};
  if (::stat(folder.c_str(), &status) == 0 && status.st_size > 0) {
    return static_cast<std::uint64_t>(status.st_size);
  }
  return detail::count_listed_descriptors(folder);
}

void add_usage(families &all, detail::process_stat const &stat,
               std::optional<std::uint64_t> boot_time) {
  auto const ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  auto const page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  all.push_back(
      single_value("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                   metric_type::counter,
                   static_cast<double>(stat.user_ticks + stat.system_ticks) / ticks_per_second));
  all.push_back(single_value("process_threads", "Number of OS threads in the process.",
                             metric_type::gauge, stat.threads));
  all.push_back(single_value("process_virtual_memory_bytes", "Virtual memory size in bytes.",
                             metric_type::gauge, stat.virtual_bytes));
  all.push_back(single_value("process_resident_memory_bytes", "Resident memory size in bytes.",
                             metric_type::gauge, stat.resident_pages * page_bytes));
  if (!boot_time) return;
  all.push_back(single_value(
      "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
      metric_type::gauge,
      static_cast<double>(*boot_time) + static_cast<double>(stat.start_ticks) / ticks_per_second));
}

void add_limits(families &all) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    all.push_back(single_value("process_max_fds", "Maximum number of open file descriptors.",
                               metric_type::gauge, std::uint64_t{limit.rlim_cur}));
  }
  if (::getrlimit(RLIMIT_AS, &limit) == 0) {
    all.push_back(single_value("process_virtual_memory_max_bytes",
                               "Maximum amount of virtual memory available in bytes.",
                               metric_type::gauge, std::uint64_t{limit.rlim_cur}));
  }
}

void add_network(families &all, detail::network_octets const &octets) {
  if (octets.received) {
    all.push_back(single_value("process_network_receive_bytes_total",
                               "Number of bytes received by the process over the network.",
                               metric_type::counter, *octets.received));
  }
  if (octets.transmitted) {
    all.push_back(single_value("process_network_transmit_bytes_total",
                               "Number of bytes sent by the process over the network.",
                               metric_type::counter, *octets.transmitted));
  }
}

}  // namespace

std::optional<std::uint64_t> detail::count_listed_descriptors(std::string const &folder) {
  std::unique_ptr<DIR, int (*)(DIR *)> const listing{::opendir(folder.c_str()), &::closedir};
  if (listing == nullptr) return std::nullopt;
  std::string const own = std::to_string(::dirfd(listing.get()));
  std::uint64_t count = 0;
  // readdir: nobody else has this listing.
  while (dirent const *entry = ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe)
    std::string_view const name = entry->d_name;
    if (name != "." && name != ".." && name != own) ++count;
  }
  return count;
}

std::vector<metrics::foreign_family> process_collector::operator()() {
  families all;
  if (!boot_time_) {
    boot_time_ = detail::parse_boot_time(read_file(sources_.machine_stat).value_or(""));
  }
  auto const stat = read_file(sources_.process + "/stat");
  if (auto const usage = detail::parse_process_stat(stat.value_or(""))) {
    add_usage(all, *usage, boot_time_);
  }
  if (auto const open = count_descriptors(sources_.process + "/fd")) {
    all.push_back(single_value("process_open_fds", "Number of open file descriptors.",
                               metric_type::gauge, *open));
  }
  add_limits(all);
  auto const netstat = read_file(sources_.process + "/net/netstat");
  add_network(all, detail::parse_netstat(netstat.value_or("")));
  return all;
}

metrics::registry::source_id add_process_collector(metrics::registry &registry) {
  return registry.add_source(process_collector{});
}

}  // namespace loopmeter::collectors
