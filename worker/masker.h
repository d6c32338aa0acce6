// Masker: replaces secret values in a stream by ***, in all their forms (mask_forms.h), also where they lie across the
// borders of chunks. Aho–Corasick over all forms at once, and once more, past the ends of lines, over those that tools
// break into lines. One per masked attempt; worker's main thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/mask_forms.h"

namespace baton::worker {

/// Finds any of some words in a stream of bytes.
class WordFinder {
 public:
  WordFinder() { nodes_.emplace_back(); }

  void add(std::string_view word);
  /// All are added.
  void link();
  /// From state to state; 0 is the first.
  [[nodiscard]] std::uint32_t step(std::uint32_t state, std::uint8_t byte) const;
  /// So many of the last bytes begin a word.
  [[nodiscard]] std::size_t depth(std::uint32_t state) const { return nodes_[state].depth; }
  /// The length of the longest word that ends here, 0 for none.
  [[nodiscard]] std::size_t match(std::uint32_t state) const { return nodes_[state].match; }

 private:
  struct Node {
    std::uint32_t child = 0;  // First child; 0 is none, as the root is nobody's child.
    std::uint32_t sibling = 0;
    std::uint32_t fail = 0;
    std::uint32_t depth = 0;
    std::uint32_t match = 0;
    std::uint8_t byte = 0;
  };

  [[nodiscard]] std::uint32_t child_of(std::uint32_t node, std::uint8_t byte) const;

  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> root_{};  // The root's children, by byte: most bytes of a log go through here.
};

class Masker {
 public:
  /// Secrets, and forms of them, that are shorter than `bytes_min` are let through.
  explicit Masker(const std::vector<std::string_view>& secrets, std::size_t bytes_min = kMaskBytesMin);

  /// Takes more of the stream and appends to `out` what is certain by now. Holds back at most the longest form, with
  /// the ends of lines that may stand in it.
  void feed(std::string_view bytes, std::string& out);
  /// The stream has ended: appends the rest.
  void finish(std::string& out);
  /// Whether any secret has been seen so far.
  [[nodiscard]] bool has_found() const { return found_; }

 private:
  void hide(std::size_t count);
  /// Takes the last byte of what is held once more, past the ends of lines.
  void step_over_lines(char c);
  /// How many of the last held bytes hold `count` that are no ends of lines.
  [[nodiscard]] std::size_t span_of(std::size_t count) const;
  /// How many of the last held bytes may become part of a match.
  [[nodiscard]] std::size_t open_bytes() const;
  void emit(std::size_t count, std::string& out);

  WordFinder whole_, broken_;
  std::uint32_t state_ = 0;         // Of whole_.
  std::uint32_t broken_state_ = 0;  // Of broken_.
  std::size_t ends_ = 0;            // Bytes of ends of lines since the last other one.
  std::string held_;                // Bytes that may still become part of a match.
  std::string hidden_;              // For each held byte, 1 if it lies in a match.
  bool found_ = false;
  bool in_match_ = false;  // The last emitted byte was hidden: one *** per run of hidden bytes.
};

/// Whether `json` holds one of `secrets` that has kSecretOutputBytesMin bytes or more, in any form.
[[nodiscard]] bool holds_secret(std::string_view json, const std::vector<std::string_view>& secrets);

}  // namespace baton::worker
