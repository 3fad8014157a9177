// SPDX-License-Identifier: Apache-2.0
// Where RE2 for C++ (2022) and Go's regexp differ: Go writes a named group as `(?<n>…)` too,
// which is rewritten here; Go refuses \C, which is refused here; Go matches U+FFFD where bytes are
// not UTF-8, RE2 nothing (labels of Kubernetes are UTF-8); newer Unicode tables know newer scripts;
// and RE2 gives up a pattern beyond 8 MiB where Go's bound is a count of instructions.
#include "go_regex.hpp"

#include <clocale>
#include <cwctype>
#include <map>
#include <mutex>

#include <re2/re2.h>

#include "label_name.hpp"

namespace loopcheck {

namespace {

// Shared: the same pattern stands in the rules of many jobs, and is compiled once.
using compiled = std::shared_ptr<re2::RE2 const>;

re2::StringPiece piece(std::string_view of) {
  return {of.data(), of.size()};
}

/// `(?<name>` → `(?P<name>`, outside of classes and quotes; false where there is a \C.
bool translate(std::string_view pattern, std::string &to) {
  bool in_class = false;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    auto const rest = pattern.substr(at);
    if (rest.starts_with("\\Q") && !in_class) {
      auto const end = pattern.find("\\E", at + 2);
      auto const length = end == std::string_view::npos ? rest.size() : end + 2 - at;
      to += rest.substr(0, length);
      at += length - 1;
    } else if (rest.front() == '\\') {
      if (rest.starts_with("\\C")) {
        return false;
      }
      to += rest.substr(0, 2);
      ++at;
    } else if (!in_class && rest.starts_with("(?<")) {
      to += "(?P<";
      at += 2;
    } else {
      if (rest.front() == '[' && !in_class) {
        in_class = true;
        to += '[';
        // A ] that comes first is a member.
        auto const first = rest.starts_with("[^") ? at + 2 : at + 1;
        if (first == at + 2) {
          to += '^';
        }
        at = first - 1;
        if (first < pattern.size() && pattern[first] == ']') {
          to += ']';
          at = first;
        }
        continue;
      }
      in_class = in_class && rest.front() != ']';
      to += rest.front();
    }
  }
  return true;
}

/// The operator writes the same few patterns into each job: those stay for a while after their last
/// use, in a number that bounds what the automata of hostile ones can take.
class cache {
 public:
  compiled get(std::string_view pattern) {
    std::lock_guard const lock(mutex_);
    auto found = known_.find(pattern);
    if (found != known_.end()) {
      return found->second;
    }
    if (known_.size() >= unused_max) {
      std::erase_if(known_, [](auto const &one) { return one.second.use_count() == 1; });
    }
    return known_.emplace(std::string(pattern), compile(pattern)).first->second;
  }

 private:
  static constexpr std::size_t unused_max = 64;

  static compiled compile(std::string_view pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    std::string translated;
    if (!translate(pattern, translated)) {
      translated = "\\C(";  // an error, as for Go
    }
    return std::make_shared<re2::RE2>(translated, options);
  }

  std::mutex mutex_;
  std::map<std::string, compiled, std::less<>> known_;
};

compiled shared(std::string_view pattern) {
  static cache of_process;
  return of_process.get(pattern);
}

struct reference {
  std::string_view name;
  int number = -1;         ///< -1: by name
  std::size_t length = 0;  ///< of its text after the `$`; 0: it is none
};

/// Length of the letters, digits and `_` at the beginning, as Unicode counts them.
std::size_t name_length(std::string_view text) {
  static re2::RE2 const word("[\\pL\\p{Nd}_]*", re2::RE2::Quiet);
  auto rest = piece(text);
  return re2::RE2::Consume(&rest, word) ? text.size() - rest.size() : 0;
}

reference reference_at(std::string_view text) {
  bool const brace = text.starts_with('{');
  auto const length = name_length(text.substr(brace ? 1 : 0));
  reference result{text.substr(brace ? 1 : 0, length), 0, length + (brace ? 2 : 0)};
  if (length == 0 || (brace && (length + 1 >= text.size() || text[length + 1] != '}'))) {
    return {};
  }
  constexpr int number_max = 100'000'000;
  for (char const c : result.name) {
    if (c < '0' || c > '9' || result.number >= number_max) {
      result.number = -1;
      break;
    }
    result.number = result.number * 10 + (c - '0');
  }
  if (length > 1 && result.name.front() == '0') {
    result.number = -1;
  }
  return result;
}

}  // namespace

go_regex go_regex::anchored(std::string_view pattern) {
  go_regex result;
  result.compiled_ = shared("^(?s:" + std::string(pattern) + ")$");
  if (!result.compiled_->ok()) {
    result.error_ = result.compiled_->error();
  }
  return result;
}

bool go_regex::matches(std::string_view text) const {
  return compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::optional<go_regex::groups> go_regex::find(std::string_view text, std::size_t from) const {
  std::vector<re2::StringPiece> found(
      static_cast<std::size_t>(compiled_->NumberOfCapturingGroups() + 1));
  if (!compiled_->Match(piece(text), from, text.size(), re2::RE2::UNANCHORED, found.data(),
                        static_cast<int>(found.size()))) {
    return std::nullopt;
  }
  groups result(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].data() != nullptr) {
      result[i] = std::string_view(found[i].data(), found[i].size());
    }
  }
  return result;
}

std::string go_regex::expand(std::string_view template_text, groups const &of) const {
  std::string result;
  for (auto rest = template_text; !rest.empty();) {
    auto const dollar = rest.find('$');
    result += rest.substr(0, dollar);
    if (dollar == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(dollar + 1);
    auto const name = reference_at(rest);
    if (rest.starts_with('$') || name.length == 0) {  // `$$` is one, a lone one is itself
      result += '$';
      rest.remove_prefix(rest.starts_with('$') ? 1 : 0);
      continue;
    }
    rest.remove_prefix(name.length);
    auto number = static_cast<std::size_t>(name.number);
    if (name.number < 0) {
      auto const &names = compiled_->NamedCapturingGroups();
      auto const found = names.find(std::string(name.name));
      number = found == names.end() ? of.size() : static_cast<std::size_t>(found->second);
    }
    if (number < of.size()) {
      result += of[number].value_or(std::string_view());
    }
  }
  return result;
}

std::string go_regex::replace_all(std::string_view text, std::string_view template_text) const {
  std::string result;
  std::size_t copied = 0;
  for (std::size_t at = 0; at <= text.size();) {
    auto const found = find(text, at);
    if (!found) {
      break;
    }
    auto const whole = (*found)[0].value_or(std::string_view());
    auto const begin = static_cast<std::size_t>(whole.data() - text.data());
    auto const end = begin + whole.size();
    result += text.substr(copied, begin - copied);
    if (end > copied || begin == 0) {
      result += expand(template_text, *found);
    }
    copied = end;
    at = std::max(at + 1, end);
  }
  result += text.substr(copied);
  return result;
}

namespace {

constexpr std::uint32_t replacement_character = 0xfffd;

std::uint32_t take_character(std::string_view &text) {
  auto const first = static_cast<unsigned char>(text.front());
  std::size_t const bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (!valid_utf8(text.substr(0, bytes))) {
    text.remove_prefix(1);
    return replacement_character;
  }
  std::uint32_t result = bytes == 1 ? first : first & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    result = result << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  }
  text.remove_prefix(bytes);
  return result;
}

void append_character(std::string &to, std::uint32_t of) {
  if (of < 0x80) {
    to += static_cast<char>(of);
    return;
  }
  int const following = of < 0x800 ? 1 : of < 0x10000 ? 2 : 3;
  to += static_cast<char>((0xff00u >> (following + 1) & 0xffu) | of >> 6 * following);
  for (int i = following - 1; i >= 0; --i) {
    to += static_cast<char>(0x80u | (of >> 6 * i & 0x3fu));
  }
}

/// Unicode's simple mapping is what the C library has in a UTF-8 locale.
std::string with_case(std::string_view text, bool upper) {
  static locale_t const unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    auto character = take_character(text);
    if (character < 0x80) {
      bool const letter =
          upper ? character >= 'a' && character <= 'z' : character >= 'A' && character <= 'Z';
      character = letter ? character ^ 0x20u : character;
    } else if (unicode != nullptr) {
      auto const wide = static_cast<wint_t>(character);
      character = upper ? towupper_l(wide, unicode) : towlower_l(wide, unicode);
    }
    append_character(result, character);
  }
  return result;
}

}  // namespace

std::string lower_case(std::string_view text) {
  return with_case(text, false);
}
std::string upper_case(std::string_view text) {
  return with_case(text, true);
}

}  // namespace loopcheck
