// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/collectors/allocator.hpp>

#include <loopmeter/collectors/single_value.hpp>

#include <cstdint>

// Not from jemalloc's header, which need not be there.
extern "C" {
[[gnu::weak]] int mallctlnametomib(char const *, std::size_t *, std::size_t *);
[[gnu::weak]] int mallctlbymib(std::size_t const *, std::size_t, void *, std::size_t *, void *,
                               std::size_t);
}

namespace loopmeter::collectors {
namespace {

struct statistic {
  char const *name;
  char const *family;
  char const *help;
};
constexpr std::array<statistic, 6> statistics_read{{
    {"stats.allocated", "jemalloc_allocated_bytes", "Bytes allocated by the application."},
    {"stats.active", "jemalloc_active_bytes",
     "Bytes in active pages allocated by the application."},
    {"stats.metadata", "jemalloc_metadata_bytes", "Bytes dedicated to jemalloc's metadata."},
    {"stats.resident", "jemalloc_resident_bytes",
     "Bytes in physically resident pages mapped by the allocator."},
    {"stats.mapped", "jemalloc_mapped_bytes", "Bytes in active extents mapped by the allocator."},
    {"stats.retained", "jemalloc_retained_bytes",
     "Bytes in virtual memory mappings retained rather than returned to the operating system."},
}};

}  // namespace

jemalloc_api linked_jemalloc() noexcept {
  return {.name_to_mib = &mallctlnametomib, .by_mib = &mallctlbymib};
}

allocator_collector::allocator_collector(jemalloc_api const &api) : api_{api} {
  static_assert(statistics_read.size() == statistics_count);
  if (!api_) return;
  epoch_ = resolve("epoch");
  for (std::size_t i = 0; i < statistics_count; ++i)
    statistics_[i] = resolve(statistics_read[i].name);
}

allocator_collector::name_in_numbers allocator_collector::resolve(char const *name) const {
  name_in_numbers found;
  std::size_t length = found.parts.size();
  if (api_.name_to_mib(name, found.parts.data(), &length) == 0) found.length = length;
  return found;
}

std::vector<metrics::foreign_family> allocator_collector::operator()() const {
  std::vector<metrics::foreign_family> families;
  if (epoch_.length == 0) return families;
  // The statistics are copies, which a write to the epoch makes anew. Old ones are no answer.
  std::uint64_t next_epoch = 1;
  if (api_.by_mib(epoch_.parts.data(), epoch_.length, nullptr, nullptr, &next_epoch,
                  sizeof next_epoch) != 0) {
    return families;
  }
  for (std::size_t i = 0; i < statistics_count; ++i) {
    std::size_t value = 0;
    std::size_t bytes = sizeof value;
    name_in_numbers const &name = statistics_[i];
    if (name.length == 0 ||
        api_.by_mib(name.parts.data(), name.length, &value, &bytes, nullptr, 0) != 0) {
      continue;
    }
    families.push_back(detail::single_value(statistics_read[i].family, statistics_read[i].help,
                                            metrics::metric_type::gauge, std::uint64_t{value}));
  }
  return families;
}

std::optional<metrics::registry::source_id> add_allocator_collector(metrics::registry &registry) {
  if (!linked_jemalloc()) return std::nullopt;
  return registry.add_source(allocator_collector{});
}

}  // namespace loopmeter::collectors
