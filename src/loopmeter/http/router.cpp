// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/http/router.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace loopmeter::http {

namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  for (;;) {
    auto const slash = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, slash));
    if (slash == path.size()) return segments;
    path.remove_prefix(slash + 1);
  }
}

// One to eight octets, each of which counts; a memcpy of variable size would be a call.
std::uint64_t load(char const *octets, std::size_t size) noexcept {
  if (size == 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets, 8);
    return word;
  }
  if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, octets, 4);
    std::memcpy(&last, octets + size - 4, 4);
    return std::uint64_t{first} << 32 | last;
  }
  auto const at = [octets](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(octets[i])};
  };
  return at(0) << 16 | at(size / 2) << 8 | at(size - 1);
}

[[noreturn]] void refuse(std::string const &pattern, char const *why) {
  throw std::invalid_argument("route pattern \"" + pattern + "\": " + why);
}

// Segments with "{name}" replaced by an empty one.
std::vector<std::string> parameter_segments(std::string const &pattern) {
  auto segments = split(pattern);
  std::size_t parameters = 0;
  for (auto &segment : segments) {
    bool const is_braced = segment.size() > 2 && segment.starts_with('{') && segment.ends_with('}');
    bool const is_parameter = is_braced && segment.find_first_of("{}", 1) == segment.size() - 1;
    if (segment.empty()) refuse(pattern, "an empty segment");
    if (is_parameter) {
      segment.clear();
      ++parameters;
    } else if (segment.find_first_of("{}") != std::string::npos) {
      refuse(pattern, "a parameter must be a whole segment, like /{name}");
    }
  }
  if (parameters > path_parameters::count_max) refuse(pattern, "too many parameters");
  return segments;
}

}  // namespace

router::router(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
  if (patterns_.size() > patterns_max) refuse(patterns_[patterns_max], "one too many");
  std::size_t exact = 0;
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    auto const &path = patterns_[i];
    if (!path.starts_with('/')) refuse(path, "must begin with '/'");
    if (std::count(patterns_.begin(), patterns_.end(), path) > 1) refuse(path, "stands twice");
    if (path.find_first_of("{}") == std::string::npos) {
      ++exact;
    } else {
      add_parameters(i);
    }
  }
  // Some seed keeps n paths apart in about n * n / 8 slots; a small table is tried first.
  constexpr unsigned seeds_a_size = 32;
  slots_.resize(std::bit_ceil(2 * exact + 1));
  while (!try_seed(++seed_)) {
    if (seed_ % seeds_a_size == 0) slots_.resize(2 * slots_.size());
  }
}

void router::add_parameters(std::size_t index) {
  auto segments = parameter_segments(patterns_[index]);
  for (auto const &earlier : with_parameters_) {
    if (earlier.segments == segments) {
      refuse(patterns_[index], ("is hidden by \"" + patterns_[earlier.index] + '"').c_str());
    }
  }
  with_parameters_.push_back({index, std::move(segments)});
}

std::size_t router::slot_of(std::string_view path, std::uint64_t seed) const noexcept {
  // Every octet counts, eight at a time: paths that differ anywhere are told apart by some seed.
  auto const factor = 0x9e3779b97f4a7c15U + 2 * seed;
  std::uint64_t hash = path.size() * seed;
  auto const mix = [&hash, factor] {
    hash *= factor;
    hash ^= hash >> 32;
  };
  while (!path.empty()) {
    auto const size = std::min<std::size_t>(path.size(), 8);
    hash ^= load(path.data(), size);
    mix();
    path.remove_prefix(size);
  }
  mix();  // once more: one round does not carry a word's high octets into the slot's bits
  return static_cast<std::size_t>(hash) & (slots_.size() - 1);
}

bool router::try_seed(std::uint64_t seed) {
  std::fill(slots_.begin(), slots_.end(), std::uint16_t{0});
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    if (patterns_[i].find('{') != std::string::npos) continue;  // not an exact path
    auto &slot = slots_[slot_of(patterns_[i], seed)];
    if (slot != 0) return false;
    slot = static_cast<std::uint16_t>(i + 1);
  }
  return true;
}

std::size_t router::match(std::string_view path, path_parameters &parameters) const noexcept {
  parameters.count = 0;
  if (slots_.empty() || !path.starts_with('/')) return not_found;
  auto const slot = slots_[slot_of(path, seed_)];
  if (slot != 0 && patterns_[slot - 1U] == path) return slot - 1U;

  for (auto const &candidate : with_parameters_) {
    auto rest = path.substr(1);
    parameters.count = 0;
    bool matches = true;
    for (std::size_t i = 0; matches && i < candidate.segments.size(); ++i) {
      bool const last = i + 1 == candidate.segments.size();
      auto const slash = rest.find('/');
      if (last != (slash == std::string_view::npos)) {
        matches = false;
        break;
      }
      auto const segment = rest.substr(0, slash);
      auto const &wanted = candidate.segments[i];
      if (wanted.empty()) {
        matches = !segment.empty();
        parameters.values[parameters.count++] = segment;
      } else {
        matches = segment == wanted;
      }
      if (!last) rest.remove_prefix(slash + 1);
    }
    if (matches) return candidate.index;
  }
  parameters.count = 0;
  return not_found;
}

}  // namespace loopmeter::http
