// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/exposition/text_plan.hpp>

#include <loopmeter/base/assert.hpp>
#include <loopmeter/exposition/escape.hpp>
#include <loopmeter/exposition/number.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace loopmeter::exposition::detail {
namespace {

using metrics::metric_type;
using metrics::detail::family_definition;
using metrics::detail::family_layout;
using metrics::detail::series_layout;

// An info of OpenMetrics has no value but 1.
metric_type type_of(metrics::foreign_family const &family) {
  if (family.type != metric_type::info) return family.type;
  auto const is_one = [](metrics::foreign_series const &series) {
    return std::visit(
        [](auto const &value) {
          if constexpr (requires { value == 1; }) return value == 1;
          return false;
        },
        series.value);
  };
  return std::ranges::all_of(family.series, is_one) ? metric_type::info : metric_type::gauge;
}

std::vector<family_name> names_of(std::span<metrics::foreign_family const> families) {
  std::vector<family_name> names;
  names.reserve(families.size());
  for (metrics::foreign_family const &family : families)
    names.push_back({.name = family.name, .type = type_of(family)});
  return names;
}

// The labels of a series, each with a comma before it; append_labels() takes the first off. The
// names are rendered once for a family, since they are the same for all of its series.
class label_renderer {
 public:
  label_renderer(family_definition const &family, escaping names) {
    for (metrics::label_domain const &label : family.labels) {
      std::string &head = heads_.emplace_back();
      append_label(head, escape_label_name(label.name, names), "");
      head.pop_back();  // the quote behind the value
    }
  }

  std::string operator()(family_layout const &family, series_layout const &series) const {
    std::string rendered;
    auto const labels = metrics::detail::labels_of(family, series);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      rendered += heads_[i];
      append_escaped_value(rendered, labels[i].value);
      rendered += '"';
    }
    return rendered;
  }

 private:
  std::vector<std::string> heads_;
};

// Copies `bytes` and somewhat more, in steps of fixed size: prefixes are short, and memcpy takes
// longer to choose how than to copy them.
constexpr std::size_t stride_bytes = 32;
static_assert(stride_bytes <= number_bytes_max);  // the room behind a prefix

void copy_in_strides(char *to, char const *from, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes; done += stride_bytes)
    std::memcpy(to + done, from + done, stride_bytes);
}

// Labels that begin with a comma: after a name outside of the braces they must not.
void append_labels(std::string &out, std::string_view labels) {
  if (!labels.empty() && out.ends_with('{')) labels.remove_prefix(1);
  out += labels;
}

}  // namespace

text_plan::text_plan(std::shared_ptr<metrics::detail::layout const> layout, text_dialect dialect,
                     std::span<metrics::foreign_family const> foreign)
    : plan{std::move(layout)}, dialect_{dialect} {
  std::vector<family_name> names;
  for (family_layout const &family : layout_->families) {
    names.push_back({.name = escape_metric_name(family.definition->name, dialect.names),
                     .type = family.definition->type()});
  }
  if (dialect.openmetrics) {
    foreign_ = names_of(foreign);
    names.insert(names.end(), foreign_.begin(), foreign_.end());
    name_for_openmetrics(names);
  }
  lines_.reserve(layout_->value_count);
  for (std::size_t i = 0; i < layout_->families.size(); ++i)
    add_family(layout_->families[i], names[i]);
  names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(layout_->families.size()));
  foreign_names_ = std::move(names);
  prefixes_.append(stride_bytes, '\0');  // for the last stride to read
}

bool text_plan::fits(std::span<metrics::foreign_family const> foreign) const {
  if (!dialect_.openmetrics) return true;
  return std::ranges::equal(foreign_, foreign,
                            [](family_name const &known, metrics::foreign_family const &asked) {
                              return known.name == asked.name && known.type == type_of(asked);
                            });
}

std::size_t text_plan::bytes_expected() const noexcept {
  return prefixes_.size() + 12 * lines_.size();
}

void text_plan::add_line(std::size_t value, line_kind kind, bool takes_exemplar) {
  LOOPMETER_ASSERT(value <= std::numeric_limits<std::uint32_t>::max());
  lines_.push_back({.prefix_end = prefixes_.size(),
                    .value = static_cast<std::uint32_t>(value),
                    .kind = kind,
                    .takes_exemplar = takes_exemplar});
}

void text_plan::add_series(std::string_view name, std::string_view labels, std::size_t value,
                           metrics::value_kind kind, bool takes_exemplar) {
  open_series(prefixes_, name);
  append_labels(prefixes_, labels);
  close_series(prefixes_);
  add_line(value, static_cast<line_kind>(kind), takes_exemplar);
}

// A time does not change while the layout stays, so the whole line is text.
void text_plan::add_created(family_name const &name, std::string_view labels, std::int64_t start_ms,
                            std::size_t value) {
  if (!dialect_.created_lines || start_ms == 0) return;
  open_series(prefixes_, name.name + "_created");
  append_labels(prefixes_, labels);
  close_series(prefixes_);
  append_seconds(prefixes_, start_ms);
  prefixes_ += '\n';
  add_line(value, line_kind::fixed, false);
}

void text_plan::add_histogram(family_layout const &family, family_name const &name,
                              std::string_view labels, std::size_t value) {
  std::span const bounds = family.definition->place.shape->finite_bounds();
  std::string const bucket = name.name + "_bucket";
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    open_series(prefixes_, bucket);
    append_labels(prefixes_, labels);
    append_rank(prefixes_, dialect_, "le",
                i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity());
    close_series(prefixes_);
    add_line(value + i, line_kind::u64, true);
  }
  value += bounds.size() + 1;
  add_series(name.name + "_sum", labels, value, metrics::value_kind::f64);
  add_series(name.name + "_count", labels, value + 1, metrics::value_kind::u64);
}

void text_plan::add_family(family_layout const &family, family_name const &name) {
  family_definition const &definition = *family.definition;
  std::size_t const first = lines_.size();
  append_head(prefixes_, dialect_, name, definition.help, definition.unit);
  label_renderer const render{definition, dialect_.names};
  std::size_t value = family.first_value;
  for (series_layout const &series : family.series) {
    std::string const labels = render(family, series);
    if (definition.type() == metric_type::histogram) {
      add_histogram(family, name, labels, value);
    } else {
      add_series(name.series(), labels, value, definition.kind_of_values(),
                 name.type == metric_type::counter);
    }
    value += definition.values_per_series();
    if (name.type == metric_type::counter || name.type == metric_type::histogram) {
      add_created(name, labels, metrics::detail::start_ms(family, series), value - 1);
    }
  }
  families_.push_back({.name = definition.name, .first = first, .last = lines_.size()});
}

std::size_t text_plan::append_lines(std::string &out, std::span<std::uint64_t const> values,
                                    std::size_t first, std::size_t last, std::size_t full) const {
  // Lines are put together here: a string would check its capacity at each piece, or would have to
  // be filled with zeros before it is written.
  char block[16384];
  constexpr std::size_t line_room = number_bytes_max + 1;
  std::size_t used = 0;
  std::size_t prefix = first == 0 ? 0 : lines_[first - 1].prefix_end;
  std::size_t i = first;
  for (; i < last && out.size() + used < full; ++i) {
    line const &one = lines_[i];
    std::size_t const prefix_bytes = one.prefix_end - prefix;
    if (used + prefix_bytes + line_room > sizeof block) {
      out.append(block, used);
      used = 0;
    }
    if (prefix_bytes + line_room > sizeof block) {
      out.append(prefixes_, prefix, prefix_bytes);
    } else {
      copy_in_strides(block + used, prefixes_.data() + prefix, prefix_bytes);
      used += prefix_bytes;
    }
    prefix = one.prefix_end;
    if (one.kind == line_kind::fixed) continue;
    char *const end =
        write_number(block + used, static_cast<metrics::value_kind>(one.kind), values[one.value]);
    *end = '\n';
    used = static_cast<std::size_t>(end + 1 - block);
  }
  out.append(block, used);
  return i;
}

std::size_t text_plan::next_with_exemplar(cursor &at) const {
  if (!dialect_.openmetrics) return lines_.size();
  for (std::size_t value = lines_[at.step].value;;) {
    value = at.exemplars.next_value(value);
    if (value == exemplar_reader::no_value) return lines_.size();
    // Lines are by value; a line that has no number comes behind that of its series.
    auto const found = std::ranges::lower_bound(lines_, value, {}, &line::value);
    if (found == lines_.end()) return lines_.size();
    auto const step = static_cast<std::size_t>(found - lines_.begin());
    if (found->takes_exemplar && step >= at.step) return step;
    ++value;
  }
}

void text_plan::append_steps(std::string &out, cursor &at, std::size_t last,
                             std::size_t full) const {
  std::span<std::uint64_t const> const values = at.snapshot->values;
  std::size_t const first = at.step;
  do {
    std::size_t const marked = std::min(next_with_exemplar(at), last);
    at.step = append_lines(out, values, at.step, marked, full);
    if (at.step != marked || marked == last || out.size() >= full) break;
    append_lines(out, values, marked, marked + 1, std::numeric_limits<std::size_t>::max());
    out.pop_back();  // the line feed: the exemplar comes before it
    append_exemplar(out, *at.exemplars.newest(lines_[marked].value));
    out += '\n';
    ++at.step;
  } while (at.step < last && out.size() < full);
  at.samples += at.step - first;
}

void text_plan::append_foreign(std::string &out, cursor &at, std::size_t index,
                               std::size_t full) const {
  metrics::foreign_family const &family = at.snapshot->foreign[index];
  family_name const name = dialect_.openmetrics
                               ? foreign_names_[index]
                               : family_name{.name = family.name, .type = family.type};
  if (at.foreign_series == 0) append_head(out, dialect_, name, family.help, {});
  do {
    at.samples += append_foreign_series(out, dialect_, name, family.series[at.foreign_series++]);
  } while (at.foreign_series < family.series.size() && out.size() < full);
}

void text_plan::append_end(std::string &out) const {
  if (dialect_.openmetrics) out += "# EOF\n";
}

}  // namespace loopmeter::exposition::detail
