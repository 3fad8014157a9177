// SPDX-License-Identifier: Apache-2.0
// libyaml's events → trees. Without recursion: the depth of the input is the input's.
#include "yaml.hpp"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "input_error.hpp"
#include "yaml_scalar.hpp"

namespace loopcheck {
namespace {

place at(yaml_mark_t const &mark) {
  return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

class event {
 public:
  event() = default;
  ~event() { yaml_event_delete(&raw_); }
  event(event const &) = delete;
  event &operator=(event const &) = delete;

  yaml_event_t *fill() noexcept { return &raw_; }
  yaml_event_t const &operator*() const noexcept { return raw_; }
  place where() const { return at(raw_.start_mark); }

 private:
  yaml_event_t raw_{};
};

std::string text_of(yaml_char_t const *octets, std::size_t size) {
  return {reinterpret_cast<char const *>(octets), size};
}

std::string text_of(yaml_char_t const *name) {
  return name == nullptr ? std::string() : reinterpret_cast<char const *>(name);
}

// One document, an event at a time.
class builder {
 public:
  builder(std::string_view file, yaml_limits const &limits) : file_(file), limits_(limits) {}

  void scalar(event const &e) {
    auto const &scalar = (*e).data.scalar;
    auto text = text_of(scalar.value, scalar.length);
    auto const tag = text_of(scalar.tag);
    bool const plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool const is_text = (!plain && tag.empty()) || tag == YAML_STR_TAG || tag == "!";
    if (awaits_key()) return key(std::move(text), e.where(), plain);
    value made = is_text ? value(std::move(text)) : plain_scalar(std::move(text));
    made.set_where(e.where());
    finish({std::move(made), text_of(scalar.anchor), 1, 0, {}, {}});
  }

  void begin(value container, yaml_char_t const *anchor, event const &e) {
    if (awaits_key()) refuse(e.where(), "a key that is a list or a map");
    if (stack_.size() >= static_cast<std::size_t>(limits_.depth_max)) {
      refuse(e.where(), "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    }
    container.set_where(e.where());
    stack_.push_back({std::move(container), text_of(anchor), 1, 0, {}, {}});
    if (!stack_.back().anchor.empty()) anchors_[stack_.back().anchor] = {{}, 0, 0, true};
  }

  void end() {
    auto done = std::move(stack_.back());
    stack_.pop_back();
    if (!done.merged.empty()) merge(done);
    finish(std::move(done));
  }

  void alias(event const &e) {
    auto const name = text_of((*e).data.alias.anchor);
    if (awaits_key()) refuse(e.where(), "an alias as a key");
    auto const held = anchors_.find(name);
    if (held == anchors_.end()) refuse(e.where(), "alias *" + name + " has no anchor");
    auto const &anchor = held->second;
    if (anchor.open) refuse(e.where(), "alias *" + name + " is inside its own anchor");
    count(anchor.nodes, e.where());
    if (stack_.size() + anchor.depth > static_cast<std::size_t>(limits_.depth_max)) {
      refuse(e.where(), "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    }
    finish({anchor.held, {}, anchor.nodes, anchor.depth, {}, {}});
  }

  // The document that has ended. Anchors and counts end with it.
  value take() {
    anchors_.clear();
    return std::exchange(document_, {});
  }

  [[noreturn]] void refuse(place where, std::string const &what) const {
    throw input_error(file_, where, what);
  }

 private:
  struct frame {
    value made;
    std::string anchor;
    std::size_t nodes;  // with all inside
    std::size_t depth;  // of what is inside
    std::optional<std::string> key;
    place key_where;
    bool merges = false;             // the key is <<
    std::vector<value> merged = {};  // maps, by their weight
  };
  struct anchored {
    value held;
    std::size_t nodes;
    std::size_t depth;
    bool open;
  };

  bool awaits_key() const {
    return !stack_.empty() && stack_.back().made.is_map() && !stack_.back().key;
  }

  void key(std::string text, place where, bool plain) {
    count(1, where);
    auto &top = stack_.back();
    top.merges = plain && text == "<<";
    if (plain) {  // JSON's keys are text: `on:` becomes "true" there
      auto const read = plain_scalar(text);
      if (read.is_boolean()) text = read.text();
    }
    top.key = std::move(text);
    top.key_where = where;
  }

  void count(std::size_t nodes, place where) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes_max) {
      refuse(where, "more than " + std::to_string(limits_.nodes_max) + " values, with aliases");
    }
  }

  void finish(frame done) {
    if (done.nodes == 1) count(1, done.made.where());
    if (!done.anchor.empty()) {
      count(done.nodes, done.made.where());  // what is kept for aliases is memory, too
      anchors_.insert_or_assign(done.anchor, anchored{done.made, done.nodes, done.depth, false});
    }
    if (stack_.empty()) {
      document_ = std::move(done.made);
      return;
    }
    auto &parent = stack_.back();
    parent.nodes += done.nodes;
    parent.depth = std::max(parent.depth, done.depth + 1);
    if (parent.made.is_list()) {
      parent.made.push(std::move(done.made));
    } else if (parent.merges) {
      keep_to_merge(parent, std::move(done.made));
      parent.key.reset();
    } else {
      parent.made.add_entry({std::exchange(parent.key, std::nullopt).value_or(""),
                             std::move(done.made), parent.key_where});
    }
  }

  void keep_to_merge(frame &into, value from) {
    if (!from.is_list()) from = value::list({std::move(from)});
    for (auto &each : from.items_mutable()) {
      if (!each.is_map()) refuse(into.key_where, "<< merges maps, and lists of maps");
      into.merged.push_back(std::move(each));
    }
  }

  // Keys that are written win over merged ones; of several maps the first one wins.
  static void merge(frame &into) {
    std::set<std::string, std::less<>> there;
    for (auto const &each : into.made.entries())
      there.insert(each.key);
    for (auto &from : into.merged) {
      for (auto &each : from.entries_mutable())
        if (there.insert(each.key).second) into.made.add_entry(std::move(each));
    }
  }

  std::string_view file_;
  yaml_limits const &limits_;
  std::vector<frame> stack_;
  std::map<std::string, anchored, std::less<>> anchors_;
  std::size_t nodes_ = 0;
  value document_;
};

class parser {
 public:
  parser(std::string_view bytes, std::string_view file) : file_(file) {
    if (yaml_parser_initialize(&raw_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&raw_, reinterpret_cast<unsigned char const *>(bytes.data()),
                                 bytes.size());
  }
  ~parser() { yaml_parser_delete(&raw_); }
  parser(parser const &) = delete;
  parser &operator=(parser const &) = delete;

  void next(event &e) {
    if (yaml_parser_parse(&raw_, e.fill()) != 0) return;
    if (raw_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    if (raw_.error == YAML_READER_ERROR) {
      throw input_error(file_, {},
                        "not text in UTF-8 or UTF-16: octet " +
                            std::to_string(raw_.problem_offset) + ": " + problem());
    }
    std::string what = problem();
    if (raw_.context != nullptr) what = std::string(raw_.context) + ": " + what;
    throw input_error(file_, at(raw_.problem_mark), "not YAML: " + what);
  }

 private:
  std::string problem() const { return raw_.problem == nullptr ? "malformed" : raw_.problem; }

  yaml_parser_t raw_{};
  std::string_view file_;
};

// False at the end of the stream.
bool feed(event const &e, builder &document, std::vector<value> &all) {
  switch ((*e).type) {
    case YAML_STREAM_END_EVENT:
      return false;
    case YAML_DOCUMENT_END_EVENT:
      if (auto made = document.take(); !made.is_null()) all.push_back(std::move(made));
      return true;
    case YAML_SCALAR_EVENT:
      document.scalar(e);
      return true;
    case YAML_ALIAS_EVENT:
      document.alias(e);
      return true;
    case YAML_SEQUENCE_START_EVENT:
      document.begin(value::list(), (*e).data.sequence_start.anchor, e);
      return true;
    case YAML_MAPPING_START_EVENT:
      document.begin(value::map(), (*e).data.mapping_start.anchor, e);
      return true;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      document.end();
      return true;
    default:  // the beginnings of stream and document
      return true;
  }
}

}  // namespace

std::vector<value> parse_yaml(std::string_view bytes, std::string_view file,
                              yaml_limits const &limits) {
  if (bytes.size() > limits.bytes_max) {
    throw input_error(file, {},
                      std::to_string(bytes.size()) + " bytes, more than the " +
                          std::to_string(limits.bytes_max) + " that are read");
  }
  parser source(bytes, file);
  builder document(file, limits);
  std::vector<value> all;
  for (bool more = true; more;) {
    event e;
    source.next(e);
    more = feed(e, document, all);
  }
  return all;
}

std::vector<value> parse_documents(std::string_view bytes, std::string_view file,
                                   yaml_limits const &limits) {
  auto const first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || bytes[first] != '{') {
    return parse_yaml(bytes, file, limits);
  }
  // YAML's flow maps begin so, too; and only YAML knows lines. What it cannot take (tabs) is JSON.
  try {
    return parse_yaml(bytes, file, limits);
  } catch (input_error const &not_yaml) {
    try {
      std::vector<value> all;
      all.push_back(parse_json(bytes, file, limits));
      return all;
    } catch (input_error const &) {
      throw not_yaml;
    }
  }
}

}  // namespace loopcheck
