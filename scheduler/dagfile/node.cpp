#include "scheduler/dagfile/node.h"

#include <algorithm>
#include <new>

namespace baton::dagfile {

std::uint32_t Document::add(const Raw& raw_node) {
  const std::uint32_t chunk = chunk_of(count_);
  if (chunk == chunks_.size()) {
    const std::size_t bytes = (std::size_t{kFirstChunkSize} << chunk) * sizeof(Raw);
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
  }
  new (slot(count_)) Raw(raw_node);
  return count_++;
}

std::uint32_t Document::add_text(std::string_view text) {
  const auto offset = static_cast<std::uint32_t>(texts_.size());
  texts_ += text;
  return offset;
}

std::string_view Document::text_of(const Raw& r) const {
  if (r.data == kNone) return {};
  const std::string_view whole = r.in_texts != 0 ? std::string_view(texts_) : source_->text();
  return whole.substr(r.data, r.size);
}

NodeKind Node::kind() const {
  return static_cast<NodeKind>(document_->raw(index_).kind);
}

std::string_view Node::text() const {
  return is_map() || is_list() ? std::string_view() : document_->text_of(document_->raw(index_));
}

std::uint32_t Node::size() const {
  const auto& r = document_->raw(index_);
  return is_map() ? r.size / 2 : r.size;
}

std::uint32_t Node::line() const {
  return document_->source().line_of(document_->raw(index_).begin);
}

Span Node::span() const {
  const auto& r = document_->raw(index_);
  const std::string_view source = document_->source().text();
  switch (kind()) {
    case NodeKind::null:
      return {r.begin, r.begin + r.size};
    case NodeKind::quoted: {
      const auto end = end_of_quoted(source, r.begin);
      return {r.begin, end.value_or(r.begin + 1)};
    }
    case NodeKind::plain: {
      const std::string_view text = document_->text_of(r);
      if (source.substr(r.begin, text.size()) == text) return {r.begin, r.begin + r.size};
      const std::size_t line_end = std::min(source.find('\n', r.begin), source.size());
      return {r.begin, static_cast<std::uint32_t>(line_end)};
    }
    case NodeKind::map:
      if (r.size > 0 && r.begin < source.size() && source[r.begin] != '{') return first().span();
      return {r.begin, r.begin + 1};
    case NodeKind::list:
    case NodeKind::block:
      return {r.begin, r.begin + 1};
  }
  return {r.begin, r.begin};
}

Node Node::first() const {
  const std::uint32_t child = document_->raw(index_).data;
  return child == Document::kNone ? Node() : Node(document_, document_->resolve(child));
}

Node Node::find(std::string_view key) const {
  if (!is_map()) return {};
  for (const auto& [name, value] : Entries(*this)) {
    if (name.text() == key) return value;
  }
  return {};
}

Node Items::Iterator::operator*() const {
  return {document_, document_->resolve(raw_)};
}

Items::Iterator& Items::Iterator::operator++() {
  raw_ = document_->raw(raw_).next;
  return *this;
}

Items::Iterator Items::begin() const {
  return {&list_.document(), list_.document().raw(list_.index()).data};
}
Items::Iterator Items::end() const {
  return {&list_.document(), Document::kNone};
}

Entry Entries::Iterator::operator*() const {
  return {Node(document_, document_->resolve(raw_)), Node(document_, document_->resolve(document_->raw(raw_).next))};
}

Entries::Iterator& Entries::Iterator::operator++() {
  raw_ = document_->raw(document_->raw(raw_).next).next;
  return *this;
}

Entries::Iterator Entries::begin() const {
  return {&map_.document(), map_.document().raw(map_.index()).data};
}
Entries::Iterator Entries::end() const {
  return {&map_.document(), Document::kNone};
}

std::optional<std::uint32_t> end_of_quoted(std::string_view source, std::uint32_t begin) {
  if (begin >= source.size()) return std::nullopt;
  const char quote = source[begin];
  for (std::size_t i = begin + 1; i < source.size(); ++i) {
    if (source[i] == '\\' && quote == '"') {
      ++i;
    } else if (source[i] == quote) {
      if (quote == '\'' && i + 1 < source.size() && source[i + 1] == '\'') {
        ++i;
      } else {
        return static_cast<std::uint32_t>(i + 1);
      }
    }
  }
  return std::nullopt;
}

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Bytes of the source that make one character of a double-quoted scalar, when an escape stands at `at`.
std::size_t escape_length(std::string_view source, std::size_t at) {
  if (at + 1 >= source.size()) return 1;
  switch (source[at + 1]) {
    case 'x':
      return 4;
    case 'u':
      return 6;
    case 'U':
      return 10;
    default:
      return 2;
  }
}

}  // namespace

std::uint32_t Node::source_offset(std::size_t offset) const {
  const auto& r = document_->raw(index_);
  const std::string_view source = document_->source().text();
  if (r.in_texts == 0 && r.data != Document::kNone) return static_cast<std::uint32_t>(r.data + offset);
  const std::string_view value = text();
  Document::Walk& walk = document_->walk_;
  if (walk.node != index_) walk = {index_, {{0, content_begin()}}};
  const auto is_after = [](std::size_t wanted, const Document::Walk::Point& p) { return wanted < p.value; };
  auto [i, at] = *std::prev(std::upper_bound(walk.points.begin(), walk.points.end(), offset, is_after));
  const bool is_quoted = kind() == NodeKind::quoted;
  const bool is_single = is_quoted && source[r.begin] == '\'';
  // Walks both texts together: blanks of the source that the value lacks are indentation or folds.
  while (i < offset && i < value.size() && at < source.size()) {
    if (i >= walk.points.back().value + Document::Walk::kStepBytes) walk.points.push_back({i, at});
    if (is_quoted && !is_single && source[at] == '\\') {
      if (source[at + 1] == '\n') {
        at += 2;
        continue;
      }
      at += escape_length(source, at);
      for (++i; i < value.size() && (static_cast<unsigned char>(value[i]) & 0xC0U) == 0x80U;) ++i;
    } else if (source[at] == value[i]) {
      if (source[at] == '\'' && is_single) ++at;
      ++at;
      ++i;
    } else if (is_blank(source[at])) {
      ++at;
    } else {
      ++i;  // a fold: a blank of the value that no single blank of the source stands for
    }
  }
  // The place itself: past the indentation of a new line.
  if (offset < value.size() && !is_blank(value[offset])) {
    while (at < source.size() && is_blank(source[at])) ++at;
  }
  return static_cast<std::uint32_t>(std::min(at, source.size()));
}

std::size_t Node::content_begin() const {
  const std::size_t begin = document_->raw(index_).begin;
  if (kind() == NodeKind::quoted) return begin + 1;
  const std::string_view source = document_->source().text();
  return kind() == NodeKind::block ? std::min(source.find('\n', begin), source.size() - 1) + 1 : begin;
}

}  // namespace baton::dagfile
