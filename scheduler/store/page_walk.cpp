#include "scheduler/store/page_walk.h"

#include <algorithm>
#include <charconv>

namespace baton::sqlite {
namespace {

constexpr std::size_t kPartMax = 250;
const std::string kBefore = "<";
/// Above every text that begins with what it is put behind.
constexpr char kHighest[] = "\xf4\x8f\xbf\xbf";

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

Query& Query::append(const Query& other) {
  sql += other.sql;
  values.insert(values.end(), other.values.begin(), other.values.end());
  return *this;
}

// ---- conditions ----

void add_range(Query& query, std::string_view column, const Range& range) {
  if (range.at_least != kNoTime) query.add(" AND ").add(column).add(" >= ?", range.at_least);
  if (range.below != kNoTime) query.add(" AND ").add(column).add(" < ?", range.below);
}

void add_one_of(Query& query, std::string_view column, const std::vector<std::string>& texts, bool is_excluded) {
  if (texts.empty()) return;
  query.add(" AND ").add(column);
  if (texts.size() == 1) {
    query.add(is_excluded ? " <> ?" : " = ?", texts[0]);
    return;
  }
  query.add(is_excluded ? " NOT IN (" : " IN (");
  for (std::size_t i = 0; i < texts.size(); ++i) query.add(i == 0 ? "?" : ",?", texts[i]);
  query.add(")");
}

Status add_match(Query& query, std::string_view column, const TextMatch& match) {
  if (match.is_open()) return Unit{};
  const char* between = " AND (";
  for (const std::string& part : match.parts) {
    if (part.size() > kPartMax) return Error{"a pattern may have 250 bytes, not " + std::to_string(part.size())};
    query.add(between);
    if (match.is_literal) {
      query.add("instr(").add(column).add(", ?) > 0", part);
    } else {
      query.add(column).add(" LIKE ?", "%" + part + "%");
    }
    between = " OR ";
  }
  for (const std::string& prefix : match.prefixes) {
    query.add(between).add("(").add(column).add(" >= ? AND ", prefix).add(column).add(" < ?)", prefix + kHighest);
    between = " OR ";
  }
  query.add(")");
  return Unit{};
}

// ---- orders ----

std::string list_of(const std::vector<WalkedRow>& rows) {
  std::string list = "[";
  for (const WalkedRow& row : rows) list += (list.size() > 1 ? "," : "") + std::to_string(row.first);
  return list + ']';
}

PageWalk::PageWalk(char list, std::vector<SortTerm> terms, std::vector<SortTerm> ties, std::string numbers,
                   const PageRequest& page)
    : list_(list),
      terms_(std::move(terms)),
      numbers_(std::move(numbers)),
      limit_(std::clamp<std::int64_t>(page.limit, 0, 10'000)),
      skip_(std::max<std::int64_t>(page.offset, 0)),
      after_(page.after) {
  const auto unique = std::ranges::find_if(terms_, &SortTerm::is_unique);
  if (unique != terms_.end()) {
    terms_.erase(unique + 1, terms_.end());
    return;
  }
  const bool descending = !terms_.empty() && terms_.front().descending;
  for (SortTerm& tie : ties) {
    tie.descending = descending;
    terms_.push_back(std::move(tie));
  }
}

/// What lacks a value comes last either way: of the first term by a walk of its own, of the others by a value that is
/// beyond all.
std::string PageWalk::term(std::size_t i) const {
  const SortTerm& t = terms_[i];
  if (i == 0) return is_sorted_ ? "+" + t.sql : t.sql;
  if (!t.may_be_null) return t.sql;
  if (t.is_text) return "coalesce(" + t.sql + (t.descending ? ", '')" : ", char(1114111))");
  return "coalesce(" + t.sql + (t.descending ? ", -9223372036854775807)" : ", 9223372036854775807)");
}

/// A plain `(a, b) > (?, ?)` lets an index by (a, b) begin right after the key, however many rows share `a`.
void PageWalk::add_beyond_key(Query& query, std::size_t at) const {
  if (at == terms_.size()) return;
  const bool descending = descends(at);
  const bool same_way = std::all_of(terms_.begin() + static_cast<std::ptrdiff_t>(at), terms_.end(),
                                    [&](const SortTerm& t) { return t.descending == terms_[at].descending; });
  if (!same_way) {
    query.add(" AND ").add(term(at)).add(descending ? " <= " : " >= ");
    bind_key(query, at);
    query.add(" AND ");
    add_beyond_key_mixed(query, at);
    return;
  }
  query.add(" AND (");
  for (std::size_t i = at; i < terms_.size(); ++i) query.add(i == at ? "" : ", ").add(term(i));
  query.add(descending ? ") < (" : ") > (");
  for (std::size_t i = at; i < terms_.size(); ++i) {
    query.add(i == at ? "" : ", ");
    bind_key(query, i);
  }
  query.add(")");
}

void PageWalk::add_beyond_key_mixed(Query& query, std::size_t at) const {
  query.add("(").add(term(at)).add(descends(at) ? " < " : " > ");
  bind_key(query, at);
  if (at + 1 < terms_.size()) {
    query.add(" OR (").add(term(at)).add(" = ");
    bind_key(query, at);
    query.add(" AND ");
    add_beyond_key_mixed(query, at + 1);
    query.add(")");
  }
  query.add(")");
}

void PageWalk::bind_key(Query& query, std::size_t at) const {
  const std::string& value = *(*key_)[at];
  if (terms_[at].is_text) {
    query.add("?", value);
  } else {
    query.add("?", whole_number(value).value_or(0));
  }
}

Query PageWalk::values(const Query& from) const {
  Query query = from;
  if (terms_[0].may_be_null) query.add(" AND ").add(term(0)).add(" IS NOT NULL");
  if (key_ && !is_past_values()) add_beyond_key(query, 0);
  return query;
}

Query PageWalk::nulls(const Query& from) const {
  Query query = from;
  query.add(" AND ").add(term(0)).add(" IS NULL");
  if (is_past_values()) add_beyond_key(query, 1);
  return query;
}

Query PageWalk::page_of(const Query& matching, std::size_t first, std::int64_t limit, std::int64_t skip) const {
  Query query;
  query.add("SELECT ").add(numbers_);
  for (std::size_t i = 0; i < terms_.size(); ++i) query.add(", ").add(i == 0 ? terms_[i].sql : term(i));
  query.append(matching);
  for (std::size_t i = first; i < terms_.size(); ++i) {
    query.add(i == first ? " ORDER BY " : ", ").add(term(i)).add(descends(i) ? " DESC" : "");
  }
  return query.add(" LIMIT ? OFFSET ?", limit, std::max<std::int64_t>(skip, 0));
}

// ---- keys: a "<" where the page ends before it, the list and its order, then each value as its length and its bytes, or a tilde for none ----

std::string PageWalk::signature() const {
  std::string text(1, list_);
  for (const SortTerm& t : terms_) text += std::to_string(t.code) + (t.descending ? '-' : '+');
  return text;
}

void PageWalk::cut(std::vector<WalkedRow>& rows) const {
  if (std::ssize(rows) <= limit_) return;
  if (is_back_) {
    rows.erase(rows.begin(), rows.end() - limit_);
  } else {
    rows.resize(static_cast<std::size_t>(limit_));
  }
}

std::string PageWalk::key_before(const std::vector<std::optional<std::string>>& values) const {
  return kBefore + key_after(values);
}

std::string PageWalk::key_after(const std::vector<std::optional<std::string>>& values) const {
  std::string key = signature();
  for (const auto& value : values) key += value ? std::to_string(value->size()) + ':' + *value : "~";
  return key;
}

Status PageWalk::take_key() {
  if (after_.empty()) return Unit{};
  const Error none{"this is no place in this list: pages go on with the key of the page before, in the same order"};
  is_back_ = after_.starts_with(kBefore);
  std::string_view rest = std::string_view(after_).substr(is_back_ ? kBefore.size() : 0);
  if (!rest.starts_with(signature())) return none;
  rest.remove_prefix(signature().size());
  std::vector<std::optional<std::string>> values;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    if (rest.starts_with('~')) {
      if (i != 0 || !terms_[i].may_be_null) return none;
      values.emplace_back();
      rest.remove_prefix(1);
      continue;
    }
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) return none;
    const auto size = whole_number(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
    if (!size || *size < 0 || *size > static_cast<std::int64_t>(rest.size())) return none;
    values.emplace_back(std::string(rest.substr(0, static_cast<std::size_t>(*size))));
    if (!terms_[i].is_text && !whole_number(*values.back())) return none;
    rest.remove_prefix(static_cast<std::size_t>(*size));
  }
  if (!rest.empty()) return none;
  key_ = std::move(values);
  return Unit{};
}

}  // namespace baton::sqlite
