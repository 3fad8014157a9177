// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/text_plan.hpp>

#include <loopmeter/base/assert.hpp>
#include <loopmeter/exposition/number.hpp>
#include <loopmeter/exposition/text_format.hpp>

#include <cstring>
#include <limits>
#include <utility>

namespace loopmeter::exposition::detail {
namespace {

using metrics::detail::family_definition;

// The labels of a series between its braces. Series are numbered with the last label fastest.
std::string labels_of(family_definition const &family, std::size_t series) {
  std::vector<std::size_t> indices(family.labels.size());
  for (std::size_t i = indices.size(); i-- > 0;) {
    indices[i] = series % family.labels[i].values.size();
    series /= family.labels[i].values.size();
  }
  std::string rendered = "{";
  for (std::size_t i = 0; i < indices.size(); ++i) {
    append_label(rendered, family.labels[i].name, family.labels[i].values[indices[i]]);
  }
  return rendered.substr(1);
}

void append_series(std::string &out, std::string_view name, std::string_view suffix,
                   std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels) += '}';
  out += ' ';
}

}  // namespace

text_plan::text_plan(std::shared_ptr<metrics::detail::layout const> layout)
    : layout_{std::move(layout)} {
  lines_.reserve(layout_->value_count);
  for (metrics::detail::family_layout const &family : layout_->families)
    add_family(family);
  LOOPMETER_ASSERT(lines_.size() == layout_->value_count);
}

void text_plan::add_line(metrics::value_kind kind) {
  lines_.push_back({.prefix_end = prefixes_.size(), .kind = kind});
}

void text_plan::add_family(metrics::detail::family_layout const &family) {
  family_definition const &definition = *family.definition;
  std::size_t const first = lines_.size();
  LOOPMETER_ASSERT(first == family.first_value);
  append_head(prefixes_, definition.name, definition.help, definition.type());
  for (std::uint32_t const series : family.series) {
    std::string const labels = labels_of(definition, series);
    if (definition.type() != metrics::metric_type::histogram) {
      append_series(prefixes_, definition.name, "", labels);
      add_line(definition.kind_of_values());
      continue;
    }
    std::span const bounds = definition.place.shape->finite_bounds();
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      prefixes_.append(definition.name).append("_bucket{").append(labels);
      prefixes_ += labels.empty() ? "le=\"" : ",le=\"";
      append_number(prefixes_,
                    i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity());
      prefixes_ += "\"} ";
      add_line(metrics::value_kind::u64);
    }
    append_series(prefixes_, definition.name, "_sum", labels);
    add_line(metrics::value_kind::f64);
    append_series(prefixes_, definition.name, "_count", labels);
    add_line(metrics::value_kind::u64);
  }
  families_.push_back({.name = definition.name, .first = first, .last = lines_.size()});
}

std::size_t text_plan::append_lines(std::string &out, std::span<std::uint64_t const> values,
                                    std::size_t first, std::size_t last, std::size_t bytes) const {
  // Lines are put together here: a string would check its capacity at each piece, or would have to
  // be filled with zeros before it is written.
  char block[16384];
  constexpr std::size_t line_room = number_bytes_max + 1;
  std::size_t used = 0;
  std::size_t const begin = out.size();
  std::size_t prefix = first == 0 ? 0 : lines_[first - 1].prefix_end;
  std::size_t i = first;
  for (; i < last && out.size() - begin + used < bytes; ++i) {
    std::size_t const prefix_bytes = lines_[i].prefix_end - prefix;
    if (used + prefix_bytes + line_room > sizeof block) {
      out.append(block, used);
      used = 0;
    }
    if (prefix_bytes + line_room > sizeof block) {
      out.append(prefixes_, prefix, prefix_bytes);
    } else {
      std::memcpy(block + used, prefixes_.data() + prefix, prefix_bytes);
      used += prefix_bytes;
    }
    char *const end = write_number(block + used, lines_[i].kind, values[i]);
    *end = '\n';
    used = static_cast<std::size_t>(end + 1 - block);
    prefix = lines_[i].prefix_end;
  }
  out.append(block, used);
  return i;
}

}  // namespace loopmeter::exposition::detail
