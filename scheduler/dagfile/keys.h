// The keys of the DAG language, in one table: from it come the strict checks, `baton schema` and the key reference of
// the documentation. A new key is a new row here, and a reader of its value. Constant data, any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace baton::dagfile {

/// What a value may look like; bits.
enum Form : std::uint32_t {
  kText = 1U << 0U,       ///< a scalar, taken as it is written; no expressions
  kTemplate = 1U << 1U,   ///< the same, with `${{ … }}`
  kScript = 1U << 2U,     ///< a shell script with `${{ … }}`
  kCondition = 1U << 3U,  ///< one expression, `${{ }}` optional
  kInteger = 1U << 4U,
  kNumber = 1U << 5U,
  kBoolean = 1U << 6U,
  kDuration = 1U << 7U,
  kSize = 1U << 8U,
  kTime = 1U << 9U,
  kId = 1U << 10U,      ///< an id of the language
  kWord = 1U << 11U,    ///< one of `words`
  kObject = 1U << 12U,  ///< a mapping with the keys of `object`
  kList = 1U << 13U,    ///< a list of `items`
  kAny = 1U << 14U,     ///< anything
  kNull = 1U << 15U,    ///< nothing, or `~`
  kComputed = 1U << 16U,  ///< or one expression for it, `${{ }}` around it
};
using Forms = std::uint32_t;

enum KeyFlag : std::uint32_t {
  kRequired = 1U << 0U,
  kService = 1U << 1U,    ///< acts with a server only; `baton run` says that it leaves it out
  kKind = 1U << 2U,       ///< of a task: one of these and only one
  kNoDefault = 1U << 3U,  ///< of a task: may not stand under `defaults`
  kReserved = 1U << 4U,   ///< refused; for a later version
};

struct Key {
  std::string_view where;  ///< the object it belongs to: "dag", "task", "retries", …
  std::string_view name;   ///< "*": any other name
  Forms forms = kText;
  std::string_view object;  ///< with kObject, of the value or of the items
  Forms items = 0;          ///< with kList
  std::string_view words;   ///< with kWord: "a b c"
  std::uint32_t flags = 0;
  std::string_view doc;                                           ///< one line, Markdown
  std::string_view example;                                       ///< YAML of the value; may be empty
  std::int64_t least = std::numeric_limits<std::int64_t>::min();  ///< of an integer, or of a duration in µs
};

std::span<const Key> keys();

/// The rows of one object, in the order of the reference.
std::span<const Key> keys_of(std::string_view object);

/// The row of a key, its object's "*" row when it has none, nullptr without either.
const Key* find_key(std::string_view object, std::string_view name);

/// "a boolean", "text or a list": what a key wants, for messages.
std::string describe(const Key& key);

}  // namespace baton::dagfile
