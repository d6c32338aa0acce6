// One page of a list: which rows, in which order, from where. Puts the statements together for any order of any fields,
// by key and by offset. Used by the .cpp files of the reader alone; any thread.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/engine/reader_queries.h"
#include "scheduler/engine/reader_views.h"
#include "scheduler/model/result.h"

namespace baton::sqlite {

/// A query as it is put together: its text and what is bound to its `?`, in order.
struct Query {
  std::string sql;
  std::vector<std::variant<std::int64_t, std::string>> values;

  template <typename... Values>
  Query& add(std::string_view text, Values... bound) {
    sql += text;
    (values.emplace_back(std::move(bound)), ...);
    return *this;
  }
  /// Text and values of another one.
  Query& append(const Query& other);
};

// ---- conditions: each begins with AND, and adds nothing where the filter names nothing ----

void add_range(Query& query, std::string_view column, const Range& range);
void add_one_of(Query& query, std::string_view column, const std::vector<std::string>& texts, bool is_excluded = false);
/// invalid: a part is too long.
Status add_match(Query& query, std::string_view column, const TextMatch& match);

/// "1,2,3" of enum values or numbers: for IN (…) and lists in JSON; never anything that came from outside as text.
template <typename E>
std::string codes_of(const std::vector<E>& values) {
  std::string list;
  for (const E value : values) {
    if (!list.empty()) list += ',';
    list += std::to_string(static_cast<std::int64_t>(value));
  }
  return list;
}
template <typename E>
void add_one_of_codes(Query& query, std::string_view column, const std::vector<E>& values) {
  if (values.empty()) return;
  query.add(" AND ").add(column);
  if (values.size() == 1) {
    query.add(" = ?", static_cast<std::int64_t>(values[0]));
  } else {
    query.add(" IN (" + codes_of(values) + ")");
  }
}

// ---- orders ----

/// One thing to order by. `code` tells it from the others of its list, in keys.
struct SortTerm {
  int code = 0;
  std::string sql;
  bool may_be_null = false, is_text = false, is_unique = false;
  bool descending = false;
};

/// A row that was found: its numbers, and what it is ordered by, for the key of the next page.
struct WalkedRow {
  std::int64_t first = 0, second = 0;
  std::vector<std::optional<std::string>> values;
};

/// "[1,2,3]" of their first numbers, for json_each.
std::string list_of(const std::vector<WalkedRow>& rows);

/// The order of a list and the place where a page begins.
class PageWalk {
 public:
  /// `terms` go on with `ties`, which make the order total and follow the direction of the first term; what comes after a
  /// unique term says nothing. `numbers` are the columns of WalkedRow::first and second.
  PageWalk(char list, std::vector<SortTerm> terms, std::vector<SortTerm> ties, std::string numbers,
           const PageRequest& page);

  [[nodiscard]] const SortTerm& first_term() const { return terms_.front(); }
  [[nodiscard]] std::int64_t limit() const { return limit_; }
  /// Sorts what the conditions let through, instead of walking along an index of the first term.
  void sort() { is_sorted_ = true; }

  /// Reads the page's key. invalid: of another list or order.
  Status take_key();
  /// One row more than the page, from `from`: FROM … WHERE …, with every condition.
  template <typename Connection>
  Result<std::vector<WalkedRow>> rows(Connection& connection, const Query& from) const;
  /// Drops the row that is one too many.
  void cut(std::vector<WalkedRow>& rows) const;
  /// The same, and tells the page the keys of the one behind it and of the one before it, where there are such.
  template <typename Row>
  void cut(std::vector<WalkedRow>& rows, PageOf<Row>& page) const {
    const bool has_more = std::ssize(rows) > limit_;
    cut(rows);
    if (rows.empty()) return;
    if (has_more || is_back_) page.next = key_after(rows.back().values);
    if (is_back_ ? has_more : key_.has_value()) page.previous = key_before(rows.front().values);
  }
  /// It ends before the row of its key: rows come in the order of the list all the same.
  [[nodiscard]] bool is_back() const { return is_back_; }
  /// The key of the page that begins after a row with these values, one for each term.
  [[nodiscard]] std::string key_after(const std::vector<std::optional<std::string>>& values) const;
  /// The key of the page that ends before it.
  [[nodiscard]] std::string key_before(const std::vector<std::optional<std::string>>& values) const;

 private:
  [[nodiscard]] std::string term(std::size_t i) const;
  /// The way that it is walked: a page before a key is read from its end.
  [[nodiscard]] bool descends(std::size_t i) const { return terms_[i].descending != is_back_; }
  [[nodiscard]] std::string signature() const;
  [[nodiscard]] bool is_past_values() const { return key_ && terms_[0].may_be_null && !(*key_)[0]; }
  [[nodiscard]] Query values(const Query& from) const;   ///< of rows that have the first value
  [[nodiscard]] Query nulls(const Query& from) const;    ///< of rows that lack it
  void add_beyond_key(Query& query, std::size_t at) const;
  void add_beyond_key_mixed(Query& query, std::size_t at) const;
  void bind_key(Query& query, std::size_t at) const;
  [[nodiscard]] Query page_of(const Query& matching, std::size_t first, std::int64_t limit, std::int64_t skip) const;

  const char list_;
  std::vector<SortTerm> terms_;
  const std::string numbers_;
  const std::int64_t limit_, skip_;
  const std::string after_;
  bool is_sorted_ = false, is_back_ = false;
  std::optional<std::vector<std::optional<std::string>>> key_;
};

template <typename Connection>
Result<std::vector<WalkedRow>> PageWalk::rows(Connection& connection, const Query& from) const {
  std::vector<WalkedRow> found;
  const auto take = [&](const auto& row) -> Status {
    WalkedRow walked{row.integer(0), row.integer(1), {}};
    for (int i = 0; i < static_cast<int>(terms_.size()); ++i) {
      walked.values.push_back(row.is_null(i + 2) ? std::nullopt : std::optional(row.string(i + 2)));
    }
    found.push_back(std::move(walked));
    return Unit{};
  };
  if (is_back_) {  // what lacks the first value comes last: from there backwards it is first
    if (is_past_values()) {
      if (Status read = connection.query(page_of(nulls(from), 1, limit_ + 1, 0), take); !read) return read.error();
    }
    const std::int64_t left = limit_ + 1 - std::ssize(found);
    if (left > 0) {
      if (Status read = connection.query(page_of(values(from), 0, left, 0), take); !read) return read.error();
    }
    std::ranges::reverse(found);
    return found;
  }
  std::int64_t skip = skip_;
  if (!is_past_values()) {
    const Query matching = values(from);
    if (Status read = connection.query(page_of(matching, 0, limit_ + 1, skip), take); !read) return read.error();
    if (!terms_[0].may_be_null) return found;
    if (found.empty() && skip > 0) {
      const auto passed = connection.integers(Query{"SELECT count(*)" + matching.sql, matching.values});
      if (!passed) return passed.error();
      skip -= passed->at(0);
    } else {
      skip = 0;
    }
  }
  const std::int64_t left = limit_ + 1 - static_cast<std::int64_t>(found.size());
  if (left <= 0) return found;
  if (Status read = connection.query(page_of(nulls(from), 1, left, skip), take); !read) return read.error();
  return found;
}

}  // namespace baton::sqlite
