// Document: one YAML document as a light tree of 16-byte nodes, in chunks, with text left in the source where it can
// be. Built once by read_yaml(); immutable afterwards; lives as long as its SourceText. One loading thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dagfile/source_text.h"

namespace baton::dagfile {

enum class NodeKind : std::uint8_t {
  null,    ///< nothing, `~` or `null`
  plain,   ///< a scalar without quotes: its text decides whether it is a number or boolean
  quoted,  ///< '…' or "…": always text
  block,   ///< | or >: always text
  list,
  map,
};

class Document;

/// A cheap handle. Aliases are followed already: a Node is never an alias. Default: no node.
class Node {
 public:
  Node() = default;
  Node(const Document* document, std::uint32_t index) : document_(document), index_(index) {}

  explicit operator bool() const { return document_ != nullptr; }
  [[nodiscard]] NodeKind kind() const;
  [[nodiscard]] bool is_map() const { return kind() == NodeKind::map; }
  [[nodiscard]] bool is_list() const { return kind() == NodeKind::list; }
  [[nodiscard]] bool is_null() const { return kind() == NodeKind::null; }
  [[nodiscard]] bool is_scalar() const { return !is_map() && !is_list() && !is_null(); }
  /// The text of a scalar; of a null as written (may be empty); empty for lists and maps.
  [[nodiscard]] std::string_view text() const;
  /// Number of entries of a map, of items of a list.
  [[nodiscard]] std::uint32_t size() const;
  /// Where it stands: a scalar with its quotes, the first character of a list or map.
  [[nodiscard]] Span span() const;
  /// Where byte `offset` of text() stands in the source: for errors inside expressions. Reads both texts up to there,
  /// but hardly any part of them twice while the same node is asked.
  [[nodiscard]] std::uint32_t source_offset(std::size_t offset) const;
  [[nodiscard]] std::uint32_t line() const;

  /// The value of a key of a map; no node when there is none. Linear.
  [[nodiscard]] Node find(std::string_view key) const;

  /// Items of a list, or alternately keys and values of a map.
  [[nodiscard]] Node first() const;
  [[nodiscard]] const Document& document() const { return *document_; }
  [[nodiscard]] std::uint32_t index() const { return index_; }
  friend bool operator==(const Node&, const Node&) = default;

 private:
  [[nodiscard]] std::size_t content_begin() const;

  const Document* document_ = nullptr;
  std::uint32_t index_ = 0;
};

/// A key of a map and its value.
struct Entry {
  Node key;
  Node value;
};

/// `for (Node item : Items(list))`.
class Items {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Node;
    Iterator(const Document* document, std::uint32_t raw) : document_(document), raw_(raw) {}
    Node operator*() const;
    Iterator& operator++();
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Document* document_;
    std::uint32_t raw_;
  };
  explicit Items(Node list) : list_(list) {}
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

 private:
  Node list_;
};

/// `for (const auto& [key, value] : Entries(map))`.
class Entries {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Entry;
    Iterator(const Document* document, std::uint32_t raw) : document_(document), raw_(raw) {}
    Entry operator*() const;
    Iterator& operator++();
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Document* document_;
    std::uint32_t raw_;
  };
  explicit Entries(Node map) : map_(map) {}
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

 private:
  Node map_;
};

class Document {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  explicit Document(const SourceText* source) : source_(source) {}
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  [[nodiscard]] Node root() const { return root_ == kNone ? Node() : Node(this, resolve(root_)); }
  [[nodiscard]] const SourceText& source() const { return *source_; }
  [[nodiscard]] std::uint32_t node_count() const { return count_; }

  // What the reader builds with.

  /// `data`: text offset, first child, or the target of an alias. `size`: bytes, or number of children.
  struct Raw {
    std::uint32_t begin = 0;
    std::uint32_t next = kNone;
    std::uint32_t data = kNone;
    std::uint32_t size : 27 = 0;
    std::uint32_t in_texts : 1 = 0;  ///< the text is in texts_, not in the source
    std::uint32_t alias : 1 = 0;
    std::uint32_t kind : 3 = 0;
  };
  static constexpr std::uint32_t kSizeMax = (1U << 27U) - 1;

  std::uint32_t add(const Raw& raw);
  Raw& raw(std::uint32_t index) { return *slot(index); }
  [[nodiscard]] const Raw& raw(std::uint32_t index) const { return *slot(index); }
  std::uint32_t add_text(std::string_view text);
  void set_root(std::uint32_t index) { root_ = index; }
  /// Something in it was reported while it was read.
  void set_broken() { is_broken_ = true; }
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  [[nodiscard]] std::string_view text_of(const Raw& raw) const;
  /// The node that an alias stands for; others themselves.
  [[nodiscard]] std::uint32_t resolve(std::uint32_t index) const {
    return raw(index).alias != 0 ? raw(index).data : index;
  }

 private:
  friend class Node;
  /// How far source_offset() has come in the node that it was asked of last.
  struct Walk {
    static constexpr std::size_t kStepBytes = 1024;
    struct Point {
      std::size_t value = 0, source = 0;
    };
    std::uint32_t node = kNone;
    std::vector<Point> points;
  };

  // Each chunk is twice as large as the one before and untouched until it is used: a file of many small documents stays
  // small, and the memory of a large one goes back to the system.
  static constexpr std::uint32_t kFirstChunkBits = 4;
  static constexpr std::uint32_t kFirstChunkSize = 1U << kFirstChunkBits;

  static std::uint32_t chunk_of(std::uint32_t index) {
    return static_cast<std::uint32_t>(std::bit_width(index + kFirstChunkSize)) - kFirstChunkBits - 1;
  }
  [[nodiscard]] Raw* slot(std::uint32_t index) const {
    const std::uint32_t chunk = chunk_of(index);
    return reinterpret_cast<Raw*>(chunks_[chunk].get()) + (index + kFirstChunkSize - (kFirstChunkSize << chunk));
  }

  const SourceText* source_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::uint32_t count_ = 0;
  std::string texts_;
  std::uint32_t root_ = kNone;
  bool is_broken_ = false;
  mutable Walk walk_;
};

static_assert(sizeof(Document::Raw) == 16);

/// The end of the quoted scalar that begins at `begin` (its quote), one past the closing quote; nothing when it is
/// not closed.
std::optional<std::uint32_t> end_of_quoted(std::string_view source, std::uint32_t begin);

}  // namespace baton::dagfile
