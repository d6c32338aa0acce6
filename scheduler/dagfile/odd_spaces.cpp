#include "scheduler/dagfile/odd_spaces.h"

#include <array>

#include "scheduler/dagfile/expressions.h"

namespace baton::dagfile {
namespace {

struct OddSpace {
  std::string_view bytes;  // UTF-8
  std::string_view name;
};

constexpr auto kOddSpaces = std::to_array<OddSpace>({{"\xC2\xA0", "U+00A0 (no-break space)"},
                                                     {"\xE2\x80\xAF", "U+202F (narrow no-break space)"},
                                                     {"\xE2\x80\x87", "U+2007 (figure space)"},
                                                     {"\xE2\x80\x82", "U+2002 (en space)"},
                                                     {"\xE2\x80\x83", "U+2003 (em space)"},
                                                     {"\xE2\x80\x89", "U+2009 (thin space)"},
                                                     {"\xE2\x80\x8B", "U+200B (zero width space)"},
                                                     {"\xE2\x81\xA0", "U+2060 (word joiner)"},
                                                     {"\xE3\x80\x80", "U+3000 (ideographic space)"}});

const OddSpace* odd_space_at(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0xC2) return nullptr;
  for (const OddSpace& odd : kOddSpaces) {
    if (text.substr(at, odd.bytes.size()) == odd.bytes) return &odd;
  }
  return nullptr;
}

void warn(const OddSpace& odd, Span where, std::string_view what, Reporter& reporter) {
  reporter.warning(Rule::no_break_space, where, "the character " + std::string(odd.name) + " stands here, which " +
                                                    std::string(what),
                   "write a space");
}

/// Where a space would mean something to YAML: in an indentation, after `:`, `-`, `,` or a bracket, before `:` or `#`;
/// also behind real spaces there.
bool is_structural(std::string_view text, std::size_t at, std::size_t length) {
  const std::string_view before = text.substr(0, text.substr(0, at).find_last_not_of(' ') + 1);
  const std::string_view after = text.substr(at + length);
  if (before.empty() || before.back() == '\n') return true;
  if (std::string_view(":-,[{?|>").find(before.back()) != std::string_view::npos) return true;
  return !after.empty() && (after[0] == ':' || after[0] == '#');
}

}  // namespace

void name_odd_spaces(Reporter& reporter) {
  constexpr int kShownMax = 10;
  const std::string_view text = reporter.source().text();
  int shown = 0;
  std::size_t run_begin = 0, run_end = 0;  // spaces and odd spaces in one go: told once, where they begin to matter
  for (std::size_t i = 0; i < text.size() && shown < kShownMax;) {
    const OddSpace* const odd = odd_space_at(text, i);
    if (odd == nullptr) {
      if (text[i] == ' ' && run_end == i && run_end > run_begin) ++run_end;
      ++i;
      continue;
    }
    const bool continues = run_end == i && run_end > run_begin;
    if (!continues && is_structural(text, i, odd->bytes.size())) {
      const Span where{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + odd->bytes.size())};
      warn(*odd, where, "YAML takes as part of the text", reporter);
      run_begin = i;
      ++shown;
      run_end = i + odd->bytes.size();
    } else if (continues) {
      run_end = i + odd->bytes.size();
    }
    i += odd->bytes.size();
  }
}

void warn_odd_space_in_script(Node script, Reporter& reporter) {
  const std::string_view text = script.text();
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && c == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n')) {
      i = std::min(text.find('\n', i), text.size());
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote == 0) {
      const OddSpace* const odd = odd_space_at(text, i);
      if (odd == nullptr) continue;
      const expr::SourceRange range{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + odd->bytes.size())};
      warn(*odd, span_in(script, range), "a shell takes as part of a word", reporter);
      return;
    }
  }
}

}  // namespace baton::dagfile
