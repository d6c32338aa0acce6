#include "scheduler/dagfile/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "scheduler/dagfile/text_index.h"

namespace baton::dagfile {
namespace {

/// Thrown through yaml-cpp to end the reading after a finding that leaves nothing to go on with.
struct StopReading {};

/// Documents below this size may use aliases freely: ten times nothing would be nothing.
constexpr std::uint64_t kFreeNodes = 10'000;

/// Such characters are tokens to yaml-cpp, which keeps them all while what stands before may still become a key: until
/// the end of the line, or of the bracket. Each takes some 200 bytes there.
constexpr std::uint32_t kWaitingTokensMax = 120'000;

/// Hands the text over in pieces, and ends the reading where too much of it waits for an event.
class MemoryBuffer : public std::streambuf {
 public:
  explicit MemoryBuffer(Reporter& reporter) : reporter_(reporter), text_(reporter.source().text()) {}

  /// yaml-cpp has come to a node that begins at `at`; what it has read beyond may wait.
  void on_node(std::uint32_t at) {
    node_at_ = at;
    waiting_ = 0;
  }

 protected:
  int_type underflow() override {
    if (at_ == text_.size()) return traits_type::eof();
    const std::string_view piece = text_.substr(at_, kPieceBytes);
    for (const char c : piece) waiting_ += std::string_view("[]{},:-?&*!\"'").find(c) != std::string_view::npos ? 1 : 0;
    if (waiting_ > kWaitingTokensMax && !is_in_block_scalar()) too_long();
    char* const begin = const_cast<char*>(piece.data());  // NOLINT: only read
    setg(begin, begin, begin + piece.size());
    at_ += piece.size();
    return traits_type::to_int_type(*begin);
  }

 private:
  static constexpr std::size_t kPieceBytes = 2048;

  /// A script or document may hold as many such characters as it likes: its `|` comes soon behind the last node, with
  /// nothing between that could wait.
  [[nodiscard]] bool is_in_block_scalar() const {
    std::size_t at = node_at_;
    if (text_[at] == '"' || text_[at] == '\'') at = end_of_quoted(text_, static_cast<std::uint32_t>(at)).value_or(at);
    for (int lines = 0; lines < 10 && at < text_.size(); ++lines) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      std::string_view line = text_.substr(at, end - at);
      line = line.substr(0, line.find(" #"));
      if (line.find_first_of("[{\"'") != std::string_view::npos) return false;
      const std::size_t last = line.find_last_not_of(" \t\r+-0123456789");
      if (last != std::string_view::npos && (line[last] == '|' || line[last] == '>')) {
        return last >= 2 && line[last - 1] == ' ' && (line[last - 2] == ':' || line[last - 2] == '-');
      }
      at = end + 1;
    }
    return false;
  }

  [[noreturn]] void too_long() {
    const auto at = static_cast<std::uint32_t>(at_);
    reporter_.error(Rule::yaml_syntax, {at, at + 1}, "this is too long to be read in one piece",
                    "break the line, or close the brackets before it");
    throw StopReading();
  }

  Reporter& reporter_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t node_at_ = 0;
  std::uint32_t waiting_ = 0;
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Makes one Document out of yaml-cpp's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(Reporter& reporter, const YamlLimits& limits, MemoryBuffer& buffer)
      : reporter_(reporter),
        limits_(limits),
        buffer_(buffer),
        source_(reporter.source().text()),
        document_(&reporter.source()) {}

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark.pos; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Document::Raw raw;
    raw.kind = static_cast<std::uint32_t>(NodeKind::null);
    raw.begin = begin_of(mark, anchor);
    const std::string_view rest = source_.substr(raw.begin);
    const std::uint32_t length = rest.substr(0, 1) == "~" ? 1 : is_null_word(rest.substr(0, 4)) ? 4 : 0;
    if (length > 0) {
      raw.data = raw.begin;
      raw.size = length & Document::kSizeMax;
    } else if (const Document::Raw* key = key_before()) {
      raw.begin = key->begin;  // an empty value is shown at its key
      require_colon();
    }
    close(anchor, add(raw), 1, 0);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto at = static_cast<std::uint32_t>(mark.pos);
    const Span where{at, end_of_word(at)};
    if (anchor >= anchors_.size() || !anchors_[anchor].closed) {
      reporter_.error(Rule::yaml_alias, where, "the alias stands inside of what it names");
      throw StopReading();
    }
    const Anchor& target = anchors_[anchor];
    if (static_cast<int>(frames_.size()) + target.height > limits_.depth_max) too_deep(at);
    Document::Raw raw = document_.raw(target.node);
    if (raw.alias == 0) raw.data = target.node;
    raw.alias = 1;
    raw.begin = at;
    raw.next = Document::kNone;
    const std::uint32_t index = add(raw);
    account(target.expanded, target.height);
    (void)index;
    if (frames_.empty()) check_expansion(target.expanded, at);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Document::Raw raw;
    raw.begin = begin_of(mark, anchor);
    refuse_tag(tag, raw.begin);
    const char first = raw.begin < source_.size() ? source_[raw.begin] : ' ';
    NodeKind kind = NodeKind::plain;
    if (first == '"' || first == '\'') kind = NodeKind::quoted;
    if (first == '|' || first == '>') kind = NodeKind::block;
    if (value.size() > Document::kSizeMax) {
      reporter_.error(Rule::file_too_large, {raw.begin, raw.begin + 1}, "this value is larger than 128 MiB");
      throw StopReading();
    }
    raw.kind = static_cast<std::uint32_t>(kind) & 7U;
    raw.size = static_cast<std::uint32_t>(value.size()) & Document::kSizeMax;
    if (kind == NodeKind::quoted) require_closed(raw.begin);
    if (kind == NodeKind::quoted && value.find('\0') != std::string::npos) refuse_nul(raw.begin);
    place_text(raw, kind, value);
    close(anchor, add(raw), 1, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(NodeKind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close_frame(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(NodeKind::map, mark, tag, anchor);
  }
  void OnMapEnd() override {
    clean_map(frames_.back().node);
    close_frame();
  }

  [[nodiscard]] int start() const { return start_; }
  Document take() { return std::move(document_); }

 private:
  struct Frame {
    std::uint32_t node = 0;
    std::uint32_t last_child = Document::kNone;
    YAML::anchor_t anchor = 0;
    std::uint64_t expanded = 1;  ///< nodes as if aliases were copied
    int height = 0;
  };
  struct Anchor {
    std::uint32_t node = 0;
    std::uint64_t expanded = 0;
    int height = 0;
    bool closed = false;
  };

  static bool is_null_word(std::string_view word) { return word == "null" || word == "Null" || word == "NULL"; }

  [[nodiscard]] std::uint32_t end_of_word(std::uint32_t at) const {
    std::size_t end = at;
    while (end < source_.size() && !is_blank(source_[end]) && source_[end] != ',' && source_[end] != ']' &&
           source_[end] != '}') {
      ++end;
    }
    return static_cast<std::uint32_t>(end);
  }

  /// Where a node itself begins: yaml-cpp's mark stands at its anchor or tag.
  [[nodiscard]] std::uint32_t begin_of(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    auto at =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(mark.pos, 0, static_cast<std::int64_t>(source_.size())));
    if (anchor == 0) return at;
    for (int properties = 0; properties < 2 && at < source_.size() && source_[at] == '&'; ++properties) {
      at = end_of_word(at);
      while (at < source_.size() && is_blank(source_[at])) ++at;
    }
    return at;
  }

  void refuse_tag(const std::string& tag, std::uint32_t at) {
    const bool written = at < source_.size() && source_[at] == '!';
    if (!written && (tag == "?" || tag == "!" || tag.empty())) return;
    const Span where{at, std::max(end_of_word(at), at + 1)};
    reporter_.error(Rule::yaml_tag, where, "tags are not part of the language", "leave the tag out");
  }

  /// Arguments, variables and file names end at the first NUL: the rest of the text would be lost in silence.
  void refuse_nul(std::uint32_t begin) {
    reporter_.error(Rule::forbidden_character, {begin, end_of_quoted(source_, begin).value_or(begin + 1)},
                    "this text holds the character U+0000, which no program can be given", "remove it");
  }

  void require_closed(std::uint32_t begin) {
    if (end_of_quoted(source_, begin)) return;
    reporter_.error(Rule::yaml_syntax, {begin, begin + 1}, "this quote is never closed");
    throw StopReading();
  }

  /// yaml-cpp takes a line with a word alone for a key without a value; YAML does not.
  void require_colon() {
    const std::uint32_t map = document_.raw(frames_.back().node).begin;
    const Span key = Node(&document_, frames_.back().last_child).span();
    if (source_[map] == '{' || source_.substr(map, 1) == "?") return;
    std::size_t after = key.end;
    while (after < source_.size() && (source_[after] == ' ' || source_[after] == '\t')) ++after;
    if (after < source_.size() && source_[after] == ':') return;
    const std::size_t before = source_.find_last_not_of(" \t", key.begin > 0 ? key.begin - 1 : 0);
    if (key.begin > 0 && before != std::string_view::npos && source_[before] == '?') return;
    reporter_.error(Rule::yaml_syntax, key, "a colon is missing after this key");
  }

  void place_text(Document::Raw& raw, NodeKind kind, const std::string& value) {
    const std::uint32_t at = kind == NodeKind::quoted ? raw.begin + 1 : raw.begin;
    if (kind != NodeKind::block && source_.substr(at, value.size()) == value) {
      raw.data = at;
    } else {
      raw.data = document_.add_text(value);
      raw.in_texts = 1;
    }
  }

  [[noreturn]] void too_deep(std::uint32_t at) {
    reporter_.error(Rule::yaml_depth, {at, at + 1},
                    "the document is nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    throw StopReading();
  }

  /// The key whose value comes next, if a map is being read.
  [[nodiscard]] const Document::Raw* key_before() const {
    if (frames_.empty()) return nullptr;
    const auto& map = document_.raw(frames_.back().node);
    const bool at_value = map.kind == static_cast<std::uint32_t>(NodeKind::map) && map.size % 2 == 1;
    return at_value ? &document_.raw(frames_.back().last_child) : nullptr;
  }

  /// Appends a node to the list or map being read.
  std::uint32_t add(const Document::Raw& raw) {
    buffer_.on_node(raw.begin);
    const std::uint32_t index = document_.add(raw);
    if (frames_.empty()) {
      document_.set_root(index);
      return index;
    }
    Frame& parent = frames_.back();
    if (parent.last_child == Document::kNone) {
      document_.raw(parent.node).data = index;
    } else {
      document_.raw(parent.last_child).next = index;
    }
    parent.last_child = index;
    auto& owner = document_.raw(parent.node);
    owner.size = (owner.size + 1) & Document::kSizeMax;
    return index;
  }

  /// Adds what a finished child weighs to its parent.
  void account(std::uint64_t expanded, int height) {
    if (frames_.empty()) return;
    constexpr std::uint64_t kMany = std::uint64_t{1} << 60U;
    Frame& parent = frames_.back();
    parent.expanded = std::min(kMany, parent.expanded + expanded);
    parent.height = std::max(parent.height, height + 1);
  }

  void remember(YAML::anchor_t anchor, const Anchor& known) {
    if (anchor == 0) return;
    if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
    anchors_[anchor] = known;
  }

  void close(YAML::anchor_t anchor, std::uint32_t node, std::uint64_t expanded, int height) {
    remember(anchor, {node, expanded, height, true});
    account(expanded, height);
  }

  void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const std::uint32_t begin = begin_of(mark, anchor);
    refuse_tag(tag, begin);
    if (static_cast<int>(frames_.size()) >= limits_.depth_max) too_deep(begin);
    Document::Raw raw;
    raw.kind = static_cast<std::uint32_t>(kind) & 7U;
    raw.begin = begin;
    const std::uint32_t index = add(raw);
    remember(anchor, {index, 0, 0, false});
    frames_.push_back({index, Document::kNone, anchor, 1, 0});
  }

  void close_frame() {
    const Frame frame = frames_.back();
    frames_.pop_back();
    close(frame.anchor, frame.node, frame.expanded, frame.height);
    if (frames_.empty()) check_expansion(frame.expanded, document_.raw(frame.node).begin);
  }

  void check_expansion(std::uint64_t expanded, std::uint32_t at) {
    const std::uint64_t nodes = std::max<std::uint64_t>(document_.node_count(), kFreeNodes / 10);
    if (expanded <= nodes * static_cast<std::uint64_t>(limits_.alias_factor_max)) return;
    reporter_.error(Rule::yaml_alias, {at, at + 1},
                    "aliases multiply this document more than " + std::to_string(limits_.alias_factor_max) + " times");
    throw StopReading();
  }

  /// Takes pairs out of a finished map that may not be there, and says so: keys that are no text, `<<`, duplicates.
  void clean_map(std::uint32_t map) {
    const std::uint32_t pairs = document_.raw(map).size / 2;
    const auto text_of = [this](std::uint32_t key) { return document_.text_of(document_.raw(document_.resolve(key))); };
    TextIndex seen(pairs > kFewPairs ? pairs : 0, text_of);
    std::uint32_t previous = Document::kNone;
    for (std::uint32_t key = document_.raw(map).data; key != Document::kNone;) {
      const std::uint32_t value = document_.raw(key).next;
      if (value == Document::kNone) break;
      const std::uint32_t next = document_.raw(value).next;
      const bool keep = is_text_key(key, value) && !is_merge(key, value) && is_first(map, key, pairs, seen);
      if (keep) {
        previous = value;
      } else {
        (previous == Document::kNone ? document_.raw(map).data : document_.raw(previous).next) = next;
        auto& owner = document_.raw(map);
        owner.size = (owner.size - 2) & Document::kSizeMax;
      }
      key = next;
    }
  }

  bool is_text_key(std::uint32_t key, std::uint32_t value) {
    const auto& raw = document_.raw(document_.resolve(key));
    const auto kind = static_cast<NodeKind>(raw.kind);
    if (kind == NodeKind::plain || kind == NodeKind::quoted) return true;
    const auto last = static_cast<std::uint32_t>(source_.empty() ? 0 : source_.size() - 1);
    const std::uint32_t at = std::min(document_.raw(key).begin, last);
    const bool braces = at > 0 && at < source_.size() && source_[at] == '{' && source_[at - 1] == '{';
    const bool is_expression = braces && static_cast<NodeKind>(document_.raw(value).kind) == NodeKind::null;
    reporter_.error(Rule::key_not_text, {at, at + 1}, "a key must be text",
                    is_expression ? "quote the expression: \"${{ … }}\"" : "");
    return false;
  }

  bool is_merge(std::uint32_t key, std::uint32_t value) {
    const auto& raw = document_.raw(key);
    if (document_.text_of(raw) != "<<" || static_cast<NodeKind>(raw.kind) != NodeKind::plain) return false;
    reporter_.error(Rule::merge_key, {raw.begin, raw.begin + 2}, "the merge key \"<<\" is not part of the language",
                    "put what tasks share under `defaults:`");
    (void)value;
    return true;
  }

  template <typename Index>
  bool is_first(std::uint32_t map, std::uint32_t key, std::uint32_t pairs, Index& seen) {
    const std::string_view text = document_.text_of(document_.raw(document_.resolve(key)));
    std::optional<std::uint32_t> earlier;
    if (pairs > kFewPairs) {
      earlier = seen.insert(text, key);
    } else {
      for (std::uint32_t k = document_.raw(map).data; k != key; k = document_.raw(document_.raw(k).next).next) {
        if (document_.text_of(document_.raw(document_.resolve(k))) == text) earlier = k;
      }
    }
    if (!earlier) return true;
    const Span here = Node(&document_, key).span();
    const Span there = Node(&document_, *earlier).span();
    reporter_.error(Rule::duplicate_key, here,
                    "the key " + in_quotes(text) + " stands twice here, first in line " +
                        std::to_string(reporter_.source().line_of(there.begin)));
    reporter_.note(Rule::duplicate_key, there, "here it stands first");
    return false;
  }

  static constexpr std::uint32_t kFewPairs = 16;

  Reporter& reporter_;
  const YamlLimits& limits_;
  MemoryBuffer& buffer_;
  std::string_view source_;
  Document document_;
  std::vector<Frame> frames_;
  std::vector<Anchor> anchors_;
  int start_ = 0;
};

/// Where an unquoted `${{` stands in a line, if one does.
std::optional<std::uint32_t> unquoted_expression(std::string_view line) {
  for (std::size_t at = line.find("${{"); at != std::string_view::npos; at = line.find("${{", at + 3)) {
    const std::string_view before = line.substr(0, at);
    const auto count = [&](char c) { return std::count(before.begin(), before.end(), c); };
    if (count('"') % 2 == 0 && count('\'') % 2 == 0) return static_cast<std::uint32_t>(at);
  }
  return std::nullopt;
}

struct Explanation {
  std::string_view raw, message, hint;
};

/// yaml-cpp's words, and ours.
constexpr Explanation kExplanations[] = {
    {"illegal map value", "\": \" may not stand in an unquoted value", "quote the value"},
    {"illegal tab when looking for indentation", "a tab may not stand in the indentation", "use spaces"},
    {"illegal EOF in scalar", "a quote is never closed", ""},
    {"end of map flow not found", "the mapping in braces is not closed, or a value in it needs quotes", ""},
    {"end of sequence flow not found", "the list in brackets is not closed, or a value in it needs quotes", ""},
    {"end of map not found", "this line does not fit the mapping before it", "check the indentation"},
    {"end of sequence not found", "this line does not fit the list before it", "check the indentation"},
    {"unknown token", "no value may begin with this character", "quote the value"},
    {"the referenced anchor is not defined", "no anchor of this name stands before the alias",
     "quote the value if it is no alias"},
};

/// yaml-cpp stumbles over a tab in the indentation in several ways.
bool report_tab(Reporter& reporter, std::uint32_t line) {
  const std::string_view text = reporter.source().line(line);
  const std::size_t tab = text.substr(0, text.find_first_not_of(" \t")).find('\t');
  if (tab == std::string_view::npos) return false;
  const std::uint32_t at = reporter.source().line_begin(line) + static_cast<std::uint32_t>(tab);
  reporter.error(Rule::yaml_syntax, {at, at + 1}, "a tab may not stand in the indentation", "use spaces");
  return true;
}

void report_syntax(Reporter& reporter, const YAML::ParserException& e) {
  const SourceText& source = reporter.source();
  const auto size = static_cast<std::int64_t>(source.text().size());
  const auto at = static_cast<std::uint32_t>(std::clamp<std::int64_t>(e.mark.pos, 0, size));
  const std::uint32_t line = source.line_of(at);
  for (const std::uint32_t candidate : {line, line - 1}) {
    if (candidate == 0) continue;
    const std::string_view text = source.line(candidate);
    const auto column = unquoted_expression(text);
    if (!column) continue;
    const std::size_t close = text.find("}}", *column);
    const std::uint32_t begin = source.line_begin(candidate) + *column;
    const auto length = static_cast<std::uint32_t>(close == std::string_view::npos ? 3 : close + 2 - *column);
    reporter.error(Rule::yaml_syntax, {begin, begin + length}, "YAML cannot read this expression without quotes",
                   "quote the expression: \"${{ … }}\"");
    return;
  }
  if (report_tab(reporter, line)) return;
  const auto* const known = std::find_if(std::begin(kExplanations), std::end(kExplanations),
                                         [&](const Explanation& x) { return x.raw == e.msg; });
  if (known != std::end(kExplanations)) {
    reporter.error(Rule::yaml_syntax, {at, at + 1}, std::string(known->message), std::string(known->hint));
  } else {
    reporter.error(Rule::yaml_syntax, {at, at + 1}, e.msg);
  }
}

/// Where text stands that is neither blank nor a comment.
std::optional<std::uint32_t> first_content(const SourceText& source) {
  for (std::uint32_t n = 1; n <= source.line_count(); ++n) {
    const std::string_view line = source.line(n);
    const std::size_t at = line.find_first_not_of(" \t");
    if (at != std::string_view::npos && line[at] != '#') return source.line_begin(n) + static_cast<std::uint32_t>(at);
  }
  return std::nullopt;
}

/// One document after the other, until there is none or the parser stands still (yaml-cpp 0.7 never ends on ",").
void read_documents(YAML::Parser& parser, MemoryBuffer& buffer, Reporter& reporter, const YamlLimits& limits,
                    std::vector<Document>& documents) {
  int start_before = -1;
  while (true) {
    Builder builder(reporter, limits, buffer);
    const std::size_t errors_before = reporter.error_count();
    if (!parser.HandleNextDocument(builder)) return;
    if (documents.size() >= static_cast<std::size_t>(limits.documents_max)) {
      const auto at = static_cast<std::uint32_t>(builder.start());
      reporter.error(Rule::file_too_large, {at, at + 1},
                     "the file holds more than " + std::to_string(limits.documents_max) + " documents", "split it");
      return;
    }
    if (builder.start() <= start_before) {
      const auto at = static_cast<std::uint32_t>(builder.start());
      reporter.error(Rule::yaml_syntax, {at, at + 1}, "no document may begin like this");
      documents.pop_back();
      return;
    }
    start_before = builder.start();
    documents.push_back(builder.take());
    if (reporter.error_count() != errors_before) documents.back().set_broken();
  }
}

}  // namespace

std::vector<Document> read_yaml(Reporter& reporter, const YamlLimits& limits) {
  std::vector<Document> documents;
  MemoryBuffer buffer(reporter);
  std::istream in(&buffer);
  const std::size_t errors_before = reporter.error_count();
  try {
    YAML::Parser parser(in);
    read_documents(parser, buffer, reporter, limits, documents);
  } catch (const StopReading&) {
    return documents;
  } catch (const YAML::ParserException& e) {
    report_syntax(reporter, e);
    return documents;
  } catch (const YAML::Exception& e) {
    reporter.error(Rule::yaml_syntax, {0, 1}, e.msg);
    return documents;
  }
  if (documents.empty() && reporter.error_count() == errors_before) {
    if (const auto at = first_content(reporter.source())) {
      reporter.error(Rule::yaml_syntax, {*at, *at + 1}, "no document may begin like this");
    }
  }
  return documents;
}

}  // namespace baton::dagfile
