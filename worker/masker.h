// Masker: replaces secret values in a stream by ***, also where they are base64 or URL encoded or lie across the
// borders of chunks. Aho–Corasick over all forms at once. One per masked attempt; worker's main thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::worker {

/// Values shorter than this are not masked: they would turn every log to stars and guard nothing.
inline constexpr std::size_t kMaskBytesMin = 3;

/// All the forms in which `secret` is looked for: itself, each line of it, base64 at its three alignments (standard and
/// URL alphabet), percent-encoded, and with JSON escapes. Forms below kMaskBytesMin are left out.
[[nodiscard]] std::vector<std::string> mask_forms(std::string_view secret);

class Masker {
 public:
  explicit Masker(const std::vector<std::string_view>& secrets);

  /// Takes more of the stream and appends to `out` what is certain by now. Holds back at most the longest form.
  void feed(std::string_view bytes, std::string& out);
  /// The stream has ended: appends the rest.
  void finish(std::string& out);

 private:
  struct Node {
    std::uint32_t child = 0;  // First child; 0 is none, as the root is nobody's child.
    std::uint32_t sibling = 0;
    std::uint32_t fail = 0;
    std::uint32_t depth = 0;
    std::uint32_t match = 0;  // Length of the longest form that ends here, 0 for none.
    std::uint8_t byte = 0;
  };

  void add(std::string_view form);
  void link();
  [[nodiscard]] std::uint32_t child_of(std::uint32_t node, std::uint8_t byte) const;
  [[nodiscard]] std::uint32_t step(std::uint32_t node, std::uint8_t byte) const;
  void emit(std::size_t count, std::string& out);

  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> root_{};  // The root's children, by byte: most bytes of a log go through here.
  std::uint32_t state_ = 0;
  std::string held_;       // Bytes that may still become part of a match.
  std::string hidden_;     // For each held byte, 1 if it lies in a match.
  bool in_match_ = false;  // The last emitted byte was hidden: one *** per run of hidden bytes.
};

}  // namespace baton::worker
