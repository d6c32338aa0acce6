#include "scheduler/dagfile/format.h"

#include <algorithm>
#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/yaml_reader.h"

namespace baton {
namespace {

using dagfile::Document;
using dagfile::Node;
using dagfile::NodeKind;
using dagfile::Reporter;
using dagfile::SourceText;

constexpr std::uint32_t kIndent = 2;

bool same_content(Node a, Node b) {
  if (!a || !b) return static_cast<bool>(a) == static_cast<bool>(b);
  if (a.kind() != b.kind() || a.text() != b.text() || a.size() != b.size()) return false;
  if (a.is_list()) {
    auto other = dagfile::Items(b).begin();
    for (const Node item : dagfile::Items(a)) {
      if (!same_content(item, *other)) return false;
      ++other;
    }
  }
  if (a.is_map()) {
    auto other = dagfile::Entries(b).begin();
    for (const auto& [key, value] : dagfile::Entries(a)) {
      if (!same_content(key, (*other).key) || !same_content(value, (*other).value)) return false;
      ++other;
    }
  }
  return true;
}

bool same_documents(const std::vector<Document>& a, const std::vector<Document>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same_content(a[i].root(), b[i].root())) return false;
  }
  return true;
}

/// What a line of the file is to the layout.
struct Line {
  enum class Role : std::uint8_t {
    free,      ///< a comment or blank: goes with the next line
    block,     ///< begins an entry of a block mapping or list: gets the indentation of its depth
    inside,    ///< the rest of something that began above: moves along with it, or stays
    verbatim,  ///< inside of a scalar: moves along, its blank ends stay
  };
  Role role = Role::free;
  std::int64_t shift = 0;    ///< block: how far it moves; inside and verbatim: as the line it belongs to
  std::uint32_t indent = 0;  ///< block: the column it gets
};

/// Finds the role of each line from the node tree of one text.
class Layout {
 public:
  explicit Layout(const SourceText& source) : source_(source), lines_(source.line_count() + 1) {}

  void add(Node root) { visit(root, 0); }
  std::string print();

 private:
  [[nodiscard]] std::uint32_t column(std::uint32_t at) const { return at - source_.line_begin(source_.line_of(at)); }
  [[nodiscard]] bool is_block(Node node) const {
    const std::uint32_t at = node.span().begin;
    const char first = at < source_.text().size() ? source_.text()[at] : '\0';
    return node.is_map() ? first != '{' : first != '[';
  }

  /// Gives the line at `at` the column `indent` when nothing but blanks and dashes stands before.
  void begin_line(std::uint32_t at, std::uint32_t indent) {
    const std::uint32_t number = source_.line_of(at);
    const std::string_view before = source_.line(number).substr(0, column(at));
    if (before.find_first_not_of(' ') != std::string_view::npos) return;
    Line& line = lines_[number];
    line.role = Line::Role::block;
    line.indent = indent;
    line.shift = static_cast<std::int64_t>(indent) - static_cast<std::int64_t>(column(at));
  }

  /// Lines of a scalar or flow collection after its first: they move as the first line moves.
  void follow(std::uint32_t first, std::uint32_t end, Line::Role role) {
    const std::uint32_t from = source_.line_of(first);
    const std::uint32_t to = source_.line_of(end > first ? end - 1 : first);
    for (std::uint32_t n = from + 1; n <= to && n < lines_.size(); ++n) {
      lines_[n].role = role;
      lines_[n].shift = lines_[from].shift;
    }
  }

  void visit(Node node, std::uint32_t indent) {
    if (!node) return;
    if (node.is_map() && is_block(node)) return visit_map(node, indent);
    if (node.is_list() && is_block(node)) return visit_list(node, indent);
    if (node.kind() == NodeKind::block) return visit_block_scalar(node);
    const std::uint32_t begin = node.span().begin;
    if (node.is_map() || node.is_list()) return follow(begin, end_of_flow(node), Line::Role::inside);
    if (node.kind() == NodeKind::quoted) follow(begin, node.span().end, Line::Role::verbatim);
    if (node.kind() == NodeKind::plain) follow(begin, end_of_plain(node), Line::Role::inside);
  }

  void visit_map(Node map, std::uint32_t indent) {
    for (const auto& [key, value] : dagfile::Entries(map)) {
      begin_line(key.span().begin, indent);
      const bool is_list = value.is_list() && is_block(value);
      visit(value, is_list ? indent + (lists_are_indented(key, value) ? kIndent : 0) : indent + kIndent);
    }
  }

  [[nodiscard]] bool lists_are_indented(Node key, Node list) const {
    return dash_column(list.first()) > column(key.span().begin);
  }

  /// The column of the dash before an item.
  [[nodiscard]] std::uint32_t dash_column(Node item) const { return column(dash_of(item)); }
  [[nodiscard]] std::uint32_t dash_of(Node item) const {
    const std::string_view text = source_.text();
    const std::size_t at = text.rfind('-', item.span().begin);  // an item may be nothing at the end of the text
    return at == std::string_view::npos ? 0 : static_cast<std::uint32_t>(at);
  }

  void visit_list(Node list, std::uint32_t indent) {
    std::uint32_t at = list.span().begin;
    for (const Node item : dagfile::Items(list)) {
      at = next_dash(at, item, column(list.span().begin));
      begin_line(at, indent);
      if (!item.is_null()) visit(item, indent + kIndent);
      ++at;
    }
  }

  /// The dash of an item, which stands at `from` or in a later line, where all dashes of its list stand: those deeper in
  /// belong to lists within the item before.
  [[nodiscard]] std::uint32_t next_dash(std::uint32_t from, Node item, std::uint32_t dashes) const {
    const std::uint32_t until = std::max(item.span().begin, from);
    std::uint32_t dash = from;
    for (std::uint32_t n = source_.line_of(from); n <= source_.line_of(until); ++n) {
      const std::string_view line = source_.line(n);
      const std::size_t first = line.find_first_not_of(' ');
      if (first != dashes || line[first] != '-') continue;
      const auto at = source_.line_begin(n) + static_cast<std::uint32_t>(first);
      if (at >= from) return at;
    }
    return dash;
  }

  void visit_block_scalar(Node node) {
    const std::uint32_t begin = node.span().begin;
    const std::uint32_t header = source_.line_of(begin);
    // The scalar ends before the first line that is indented no deeper than its parent's key.
    const std::string_view head = source_.line(header);
    const std::size_t base = head.find_first_not_of(" -");
    std::uint32_t last = header;
    for (std::uint32_t n = header + 1; n < lines_.size(); ++n) {
      const std::string_view line = source_.line(n);
      const std::size_t first = line.find_first_not_of(' ');
      if (first == std::string_view::npos) continue;
      if (first <= std::min(base, head.find_first_not_of(' '))) break;
      last = n;
    }
    const std::int64_t shift = shift_of_block(begin, header, last);
    for (std::uint32_t n = header + 1; n <= last; ++n) {
      lines_[n].role = Line::Role::verbatim;
      lines_[n].shift = shift;
    }
  }

  /// The content of a block scalar stands one level below its key, unless the header says how deep it stands.
  [[nodiscard]] std::int64_t shift_of_block(std::uint32_t begin, std::uint32_t header, std::uint32_t last) const {
    const Line& line = lines_[header];
    const std::string_view head = source_.line(header);
    const std::string_view indicators = head.substr(column(begin), 3);
    if (line.role != Line::Role::block || indicators.find_first_of("123456789") != std::string_view::npos)
      return line.shift;
    std::size_t content = std::string_view::npos;
    for (std::uint32_t n = header + 1; n <= last; ++n)
      content = std::min(content, source_.line(n).find_first_not_of(' '));
    if (content == std::string_view::npos) return line.shift;
    const std::size_t key = head.find_first_not_of(" -") - head.find_first_not_of(' ');
    return static_cast<std::int64_t>(line.indent + key + kIndent) - static_cast<std::int64_t>(content);
  }

  [[nodiscard]] std::uint32_t end_of_flow(Node node) const {
    const std::string_view text = source_.text();
    int depth = 0;
    for (std::uint32_t at = node.span().begin; at < text.size(); ++at) {
      const char c = text[at];
      if (c == '"' || c == '\'') {
        const char before = at > 0 ? text[at - 1] : ' ';
        const bool opens = std::string_view(" \t\n,[{:").find(before) != std::string_view::npos;
        const auto end = opens ? dagfile::end_of_quoted(text, at) : std::nullopt;
        if (end) at = *end - 1;
      } else if (c == '#' && at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n')) {
        at = static_cast<std::uint32_t>(std::min(text.find('\n', at), text.size()));
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        return at + 1;
      }
    }
    return static_cast<std::uint32_t>(text.size());
  }

  /// The end of a plain scalar of several lines: all its words, with blanks between.
  [[nodiscard]] std::uint32_t end_of_plain(Node node) const {
    const std::string_view value = node.text();
    if (value.empty()) return node.span().begin;
    return node.source_offset(value.size() - 1) + 1;
  }

  const SourceText& source_;
  std::vector<Line> lines_;
};

std::string_view without_end_blanks(std::string_view line) {
  const std::size_t last = line.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view() : line.substr(0, last + 1);
}

std::string Layout::print() {
  std::string out;
  bool blank_due = false;
  const auto emit = [&](std::size_t indent, std::string_view text) {
    if (blank_due && !out.empty()) out += '\n';
    blank_due = false;
    out.append(indent, ' ');
    out += text;
    out += '\n';
  };
  for (std::uint32_t n = 1; n < lines_.size(); ++n) {
    const std::string_view raw = source_.line(n);
    const Line& line = lines_[n];
    const std::size_t first = std::min(raw.find_first_not_of(" \t"), raw.size());
    const auto moved =
        static_cast<std::size_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(first) + line.shift));
    if (line.role == Line::Role::verbatim) {
      // Blank lines of a scalar count, and so do blanks at the ends of its lines.
      if (first == raw.size()) {
        out += '\n';
      } else {
        emit(moved, raw.substr(first));
      }
    } else if (first == raw.size()) {
      blank_due = true;
    } else if (line.role == Line::Role::block) {
      emit(line.indent, without_end_blanks(raw.substr(first)));
    } else if (line.role == Line::Role::inside) {
      emit(moved, without_end_blanks(raw.substr(first)));
    } else {
      // A comment, a `---` or the like: as deep as the next line that has a depth and stood no deeper before.
      std::size_t indent = 0;
      if (raw[first] == '#') {
        for (std::uint32_t next = n + 1; next < lines_.size(); ++next) {
          if (lines_[next].role != Line::Role::block) continue;
          indent = static_cast<std::size_t>(
              std::max<std::int64_t>(0, static_cast<std::int64_t>(first) + lines_[next].shift));
          break;
        }
      }
      emit(indent, without_end_blanks(raw.substr(first)));
    }
  }
  return out;
}

struct Parsed {
  SourceText source;
  std::vector<Document> documents;
  std::string fault;
};

/// `into.source` must not move afterwards: the documents point to it.
void parse(std::string text, Parsed& into) {
  into.source = SourceText("", std::move(text));
  Reporter reporter(into.source);
  if (dagfile::check_characters(reporter)) into.documents = dagfile::read_yaml(reporter, {});
  if (reporter.error_count() == 0) return;
  const auto findings = reporter.take();
  into.fault = "line " + std::to_string(findings.front().line) + ": " + findings.front().message;
}

}  // namespace

Result<std::string> format_text(std::string_view text) {
  std::string unified;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' || i + 1 >= text.size() || text[i + 1] != '\n') unified += text[i];
  }
  Parsed before;
  parse(std::move(unified), before);
  if (!before.fault.empty()) return Error{"not formatted: " + before.fault};
  Layout layout(before.source);
  for (const Document& document : before.documents) layout.add(document.root());
  std::string formatted = layout.print();
  Parsed after;
  parse(formatted, after);
  if (!after.fault.empty() || !same_documents(before.documents, after.documents)) {
    return Error{"not formatted: its layout would change what it means"};
  }
  return formatted;
}

}  // namespace baton
