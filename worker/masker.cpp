#include "worker/masker.h"

#include <algorithm>

namespace baton::worker {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of base64 that depend on `secret` alone when `skip` (0 to 2) unknown bytes stand before it and
/// unknown ones follow it.
std::string base64_core(std::string_view secret, std::size_t skip, std::string_view alphabet) {
  std::string text;
  const std::size_t bits = (skip + secret.size()) * 8;
  for (std::size_t at = 0; at + 6 <= bits; at += 6) {
    if (at < skip * 8) continue;  // Shares bits with what stands before.
    unsigned value = 0;
    for (std::size_t bit = at; bit < at + 6; ++bit) {
      const auto byte = static_cast<std::uint8_t>(secret[bit / 8 - skip]);
      value = (value << 1) | ((byte >> (7 - bit % 8)) & 1U);
    }
    text.push_back(alphabet[value]);
  }
  return text;
}

std::string percent_encoded(std::string_view secret, std::string_view digits) {
  std::string text;
  for (const char c : secret) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      text.push_back(c);
    } else {
      text.push_back('%');
      text.push_back(digits[static_cast<std::uint8_t>(c) >> 4]);
      text.push_back(digits[static_cast<std::uint8_t>(c) & 0xfU]);
    }
  }
  return text;
}

std::string json_escaped(std::string_view secret) {
  std::string text;
  for (const char c : secret) {
    switch (c) {
      case '"':
        text += "\\\"";
        break;
      case '\\':
        text += "\\\\";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      default:
        text.push_back(c);
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> mask_forms(std::string_view secret) {
  std::vector<std::string> forms{std::string(secret)};
  if (secret.find('\n') != std::string_view::npos) {
    for (std::string_view rest = secret; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      forms.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (std::size_t skip = 0; skip < 3; ++skip) {
    forms.push_back(base64_core(secret, skip, kStandard));
    forms.push_back(base64_core(secret, skip, kUrlSafe));
  }
  forms.push_back(percent_encoded(secret, "0123456789ABCDEF"));
  forms.push_back(percent_encoded(secret, "0123456789abcdef"));
  forms.push_back(json_escaped(secret));
  std::erase_if(forms, [](const std::string& form) { return form.size() < kMaskBytesMin; });
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  return forms;
}

Masker::Masker(const std::vector<std::string_view>& secrets) {
  nodes_.emplace_back();
  for (const std::string_view secret : secrets) {
    if (secret.size() < kMaskBytesMin) continue;
    for (const std::string& form : mask_forms(secret)) add(form);
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

}  // namespace baton::worker
