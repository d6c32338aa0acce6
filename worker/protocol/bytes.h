// ByteWriter and ByteReader: little-endian integers and length-prefixed strings in a std::string. The reader is total:
// past the end it yields zeros and remembers it. For worker/protocol and the worker's journal; no threads.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace baton::wire {

static_assert(std::endian::native == std::endian::little, "integers are copied as they lie in memory");

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.append(raw, sizeof(T));
  }

  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  requires(std::is_integral_v<T>) void get(T& value) {
    if (rest_.size() < sizeof(T)) {
      fail();
      value = T{};
      return;
    }
    if constexpr (std::is_same_v<T, bool>) {
      value = rest_.front() != '\0';
    } else {
      std::memcpy(&value, rest_.data(), sizeof(T));
    }
    rest_.remove_prefix(sizeof(T));
  }

  /// An enum of one byte whose values are 0 to count - 1.
  template <typename E>
  requires(std::is_enum_v<E>) void get_enum(E& value, std::uint8_t count) {
    std::uint8_t raw = 0;
    get(raw);
    if (raw >= count) {
      fail();
      raw = 0;
    }
    value = static_cast<E>(raw);
  }

  void get(std::string_view& text) {
    std::uint32_t size = 0;
    get(size);
    if (rest_.size() < size) {
      fail();
      size = 0;
    }
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }

  void get(std::string& text) {
    std::string_view view;
    get(view);
    text.assign(view);
  }

  void fail() {
    failed_ = true;
    rest_ = {};
  }

  [[nodiscard]] bool failed() const { return failed_; }
  /// Everything was there and nothing is left.
  [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace baton::wire
