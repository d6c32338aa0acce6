// StringList: many short strings in one buffer, each ended by a NUL, as execve wants its argv and environment.
// A value type without threads; made by whoever fills a Launch, moved into the worker as it came over the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton::wire {

/// A list of strings without NUL bytes. One allocation for all of them, which matters at thousands of launches a
/// second.
class StringList {
 public:
  StringList() = default;
  StringList(std::initializer_list<std::string_view> items) {
    for (std::string_view item : items) add(item);
  }

  /// Appends a copy. Bytes from the first NUL on are dropped: no argument of execve can hold them.
  void add(std::string_view item) {
    bytes_.append(item.substr(0, item.find('\0')));
    bytes_.push_back('\0');
    ++count_;
  }

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  /// The strings as C pointers into this list, ended by a null pointer; valid while the list is not changed.
  [[nodiscard]] std::vector<char*> pointers() {
    std::vector<char*> result;
    result.reserve(count_ + 1);
    for (std::size_t at = 0; at < bytes_.size(); at = bytes_.find('\0', at) + 1) result.push_back(bytes_.data() + at);
    result.push_back(nullptr);
    return result;
  }

  /// The strings as views; valid while the list is not changed.
  [[nodiscard]] std::vector<std::string_view> views() const {
    std::vector<std::string_view> result;
    result.reserve(count_);
    const std::string_view all = bytes_;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\0', at);
      result.push_back(all.substr(at, end - at));
      at = end + 1;
    }
    return result;
  }

  /// Takes what came over the wire; false if the bytes do not hold exactly `count` ended strings.
  [[nodiscard]] bool assign(std::string_view bytes, std::uint32_t count) {
    std::uint32_t found = 0;
    for (char c : bytes) found += c == '\0' ? 1 : 0;
    if (found != count || (!bytes.empty() && bytes.back() != '\0')) return false;
    bytes_.assign(bytes);
    count_ = count;
    return true;
  }

  friend bool operator==(const StringList&, const StringList&) = default;

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

}  // namespace baton::wire
