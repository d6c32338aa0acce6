#include "worker/masker.h"

#include <algorithm>

namespace baton::worker {

Masker::Masker(const std::vector<std::string_view>& secrets, std::size_t bytes_min) {
  nodes_.emplace_back();
  for (const std::string_view secret : secrets) {
    if (secret.size() < bytes_min) continue;
    for (const std::string& form : mask_forms(secret, bytes_min)) add(form);
  }
  link();
}

std::uint32_t Masker::child_of(std::uint32_t node, std::uint8_t byte) const {
  if (node == 0) return root_[byte];
  std::uint32_t child = nodes_[node].child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].sibling;
  return child;
}

void Masker::add(std::string_view form) {
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

void Masker::link() {
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

std::uint32_t Masker::step(std::uint32_t node, std::uint8_t byte) const {
  while (true) {
    const std::uint32_t next = child_of(node, byte);
    if (next != 0 || node == 0) return next;
    node = nodes_[node].fail;
  }
}

void Masker::feed(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    state_ = step(state_, static_cast<std::uint8_t>(c));
    held_.push_back(c);
    hidden_.push_back('\0');
    const std::size_t match = nodes_[state_].match;
    found_ = found_ || match > 0;
    if (match > 0) std::fill(hidden_.end() - static_cast<std::ptrdiff_t>(match), hidden_.end(), '\1');
    // A match that is still to come begins at most `depth` bytes back.
    if (held_.size() >= 2 * nodes_[state_].depth + 4096) emit(held_.size() - nodes_[state_].depth, out);
  }
  emit(held_.size() - nodes_[state_].depth, out);
}

void Masker::finish(std::string& out) {
  emit(held_.size(), out);
  state_ = 0;
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
