#include "worker/masker.h"

#include <algorithm>

namespace baton::worker {

namespace {

bool is_end_of_line(char c) { return c == '\n' || c == '\r'; }

constexpr std::size_t kEndBytesMax = 2;  // "\r\n"; after an empty line nothing goes on
constexpr std::size_t kGroup = 4;        // of base64: no line ends within the first of a form

}  // namespace

Masker::Masker(const std::vector<std::string_view>& secrets, std::size_t bytes_min) {
  for (const std::string_view secret : secrets) {
    if (secret.size() < bytes_min) continue;
    for (const std::string& form : mask_forms(secret, bytes_min)) whole_.add(form);
    for (const std::string& form : broken_forms(secret, bytes_min)) broken_.add(form);
  }
  whole_.link();
  broken_.link();
}

std::uint32_t WordFinder::child_of(std::uint32_t node, std::uint8_t byte) const {
  if (node == 0) return root_[byte];
  std::uint32_t child = nodes_[node].child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

void WordFinder::add(std::string_view form) {
  std::uint32_t node = 0;
  for (const char c : form) {
    const auto byte = static_cast<std::uint8_t>(c);
    std::uint32_t next = child_of(node, byte);
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      Node made;
      made.byte = byte;
      made.depth = nodes_[node].depth + 1;
      made.sibling = nodes_[node].child;
      nodes_.push_back(made);
      nodes_[node].child = next;
      if (node == 0) root_[byte] = next;
    }
    node = next;
  }
  nodes_[node].match = static_cast<std::uint32_t>(form.size());
}

void WordFinder::link() {
  std::vector<std::uint32_t> queue{0};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const std::uint32_t node = queue[i];
    for (std::uint32_t child = nodes_[node].child; child != 0; child = nodes_[child].sibling) {
      nodes_[child].fail = node == 0 ? 0 : step(nodes_[node].fail, nodes_[child].byte);
      nodes_[child].match = std::max(nodes_[child].match, nodes_[nodes_[child].fail].match);
      queue.push_back(child);
    }
  }
}

std::uint32_t WordFinder::step(std::uint32_t node, std::uint8_t byte) const {
  while (true) {
    const std::uint32_t next = child_of(node, byte);
    if (next != 0 || node == 0) return next;
    node = nodes_[node].fail;
  }
}

void Masker::hide(std::size_t count) {
  if (count == 0) return;
  found_ = true;
  std::fill(hidden_.end() - static_cast<std::ptrdiff_t>(count), hidden_.end(), '\1');
}

std::size_t Masker::span_of(std::size_t count) const {
  std::size_t span = 0;
  for (; count > 0 && span < held_.size(); ++span) count -= is_end_of_line(held_[held_.size() - 1 - span]) ? 0 : 1;
  return span;
}

void Masker::step_over_lines(char c) {
  if (is_end_of_line(c)) {
    if (++ends_ > kEndBytesMax || broken_.depth(broken_state_) < kGroup) broken_state_ = 0;
    return;
  }
  ends_ = 0;
  broken_state_ = broken_.step(broken_state_, static_cast<std::uint8_t>(c));
  hide(span_of(broken_.match(broken_state_)));
}

std::size_t Masker::open_bytes() const {
  return std::max(whole_.depth(state_), span_of(broken_.depth(broken_state_)));
}

void Masker::feed(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    state_ = whole_.step(state_, static_cast<std::uint8_t>(c));
    held_.push_back(c);
    hidden_.push_back('\0');
    hide(whole_.match(state_));
    step_over_lines(c);
    // A match that is still to come begins at most so many bytes back.
    const std::size_t most = std::max(whole_.depth(state_), (1 + kEndBytesMax) * broken_.depth(broken_state_));
    if (held_.size() >= 2 * most + 4096) emit(held_.size() - open_bytes(), out);
  }
  emit(held_.size() - open_bytes(), out);
}

void Masker::finish(std::string& out) {
  emit(held_.size(), out);
  state_ = broken_state_ = 0;
  ends_ = 0;
}

void Masker::emit(std::size_t count, std::string& out) {
  for (std::size_t i = 0; i < count; ++i) {
    const bool hidden = hidden_[i] != '\0';
    if (!hidden) out.push_back(held_[i]);
    if (hidden && !in_match_) out += "***";
    in_match_ = hidden;
  }
  held_.erase(0, count);
  hidden_.erase(0, count);
}

bool holds_secret(std::string_view json, const std::vector<std::string_view>& secrets) {
  Masker masker(secrets, kSecretOutputBytesMin);
  std::string ignored;
  masker.feed(json, ignored);
  masker.finish(ignored);  // What ends the one text and what begins the next are not one word.
  masker.feed(json_unescaped(json), ignored);
  return masker.has_found();
}

}  // namespace baton::worker
