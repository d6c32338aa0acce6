// TextIndex: from texts that live elsewhere to small numbers; open addressing, 4 bytes a slot. For duplicate keys and
// task ids of files with a million of them. One loading thread.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace baton::dagfile {

/// `TextOf` gives the text of a stored number: std::string_view(std::uint32_t).
template <typename TextOf>
class TextIndex {
 public:
  /// Room for `count` entries; more must not be inserted.
  TextIndex(std::size_t count, TextOf text_of) : slots_(std::bit_ceil(count * 2 + 2), kEmpty), text_of_(text_of) {}

  /// The number that stands under `text` already, or nothing after storing `number`.
  std::optional<std::uint32_t> insert(std::string_view text, std::uint32_t number) {
    std::uint32_t& slot = slots_[slot_of(text)];
    if (slot != kEmpty) return slot;
    slot = number;
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const {
    const std::uint32_t number = slots_[slot_of(text)];
    if (number == kEmpty) return std::nullopt;
    return number;
  }

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;

  [[nodiscard]] std::size_t slot_of(std::string_view text) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = std::hash<std::string_view>()(text) & mask;
    while (slots_[at] != kEmpty && text_of_(slots_[at]) != text) at = (at + 1) & mask;
    return at;
  }

  std::vector<std::uint32_t> slots_;
  TextOf text_of_;
};

}  // namespace baton::dagfile
