#include "scheduler/timetable/cron_parser.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "scheduler/timetable/characters.h"
#include "scheduler/timetable/quoted.h"

namespace baton::timetable {
namespace {

enum class Field : std::uint8_t { second, minute, hour, day, month, weekday };

constexpr std::array<std::string_view, 12> kMonthNames = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdayNames = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct FieldRule {
  Field field;
  std::string_view name;
  int low;
  int high;       // the highest value that may be written
  int star_high;  // the highest value that `*` stands for
  int hash_high;  // the highest value that H may become
  std::span<const std::string_view> names;
};

// H stays below 29 so that it comes every month; 7 is written for Sunday, but `*` and H know it as 0 only.
constexpr std::array<FieldRule, 6> kRules = {{
    {Field::second, "second", 0, 59, 59, 59, {}},
    {Field::minute, "minute", 0, 59, 59, 59, {}},
    {Field::hour, "hour", 0, 23, 23, 23, {}},
    {Field::day, "day of the month", 1, 31, 31, 28, {}},
    {Field::month, "month", 1, 12, 12, 12, kMonthNames},
    {Field::weekday, "day of the week", 0, 7, 6, 6, kWeekdayNames},
}};

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool is_letter(char c) {
  return upper(c) >= 'A' && upper(c) <= 'Z';
}
/// FNV-1a over the seed and the field, then a finalizer, since FNV alone leaves its low bits poor. Fixed for ever:
/// another hash would move the ticks of every DAG that uses H.
std::uint64_t hash_of(std::string_view seed, Field field) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  const auto mix = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 1'099'511'628'211ULL; };
  for (const char c : seed) mix(static_cast<std::uint8_t>(c));
  mix(static_cast<std::uint8_t>(field));
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

/// One field of the expression, read from left to right.
class FieldParser {
 public:
  FieldParser(const FieldRule& rule, std::string_view expr, std::size_t begin, std::size_t end, std::string_view seed)
      : rule_(rule), expr_(expr), at_(begin), end_(end), seed_(seed) {}

  /// Adds what the field says to `fields`.
  Status parse(CronFields& fields) {
    const std::size_t begin = at_;
    const bool star = peek() == '*';
    const bool question = peek() == '?';
    do {
      item_begin_ = at_;
      if (Status read = item(fields); !read) return read;
    } while (accept(','));
    if (at_ < end_) return unexpected();
    if (question && at_ > begin + 1) return fail(begin, "`?` stands alone in its field");
    if (rule_.field == Field::hour) fields.any_hour = star;
    if (rule_.field == Field::day) fields.any_day = star || question;
    if (rule_.field == Field::weekday) fields.any_weekday = star || question;
    return Unit{};
  }

  /// The 1-based column of the error that parse() gave.
  [[nodiscard]] int error_column() const { return error_column_; }

 private:
  struct Range {
    int low = 0;
    int high = 0;
    bool hashed = false;
    bool open = false;  // a single value: `5/10` counts from 5 to the end
  };

  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < end_ ? upper(expr_[at_ + ahead]) : '\0'; }

  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  Error fail(std::size_t where, const std::string& what) {
    error_column_ = static_cast<int>(where) + 1;
    return Error{std::string(rule_.name) + ": " + what};
  }

  Error unexpected() {
    if (at_ >= end_)
      return fail(end_, "something is missing at the end of " + quoted(expr_.substr(item_begin_, end_ - item_begin_)));
    return fail(at_, "unexpected " + quoted(expr_.substr(at_, 1)));
  }

  /// `ALL`, a range, a value or one of the day fields' own forms; then a step.
  Status item(CronFields& fields) {
    if (rule_.field == Field::day && (peek() == 'L' || peek() == 'W')) return last_day(fields);
    if (rule_.field == Field::weekday && peek() == 'L' && !is_letter(peek(1))) {
      return fail(at_, "L needs a day before it: 5L or FRIL is the last Friday of the month");
    }
    Range range;
    if (accept('*')) {
      range = {rule_.low, rule_.star_high, false, false};
    } else if (peek() == '?') {
      if (rule_.field != Field::day && rule_.field != Field::weekday) {
        return fail(at_, "`?` is for the two day fields only; write `*`");
      }
      ++at_;
      range = {rule_.low, rule_.star_high, false, false};
    } else if (peek() == 'H' && !is_letter(peek(1))) {
      if (Status read = hashed_range(range); !read) return read;
    } else {
      Result<int> first = value();
      if (!first) return first.error();
      if (day_form_follows()) return day_form(fields, *first);
      range = {*first, *first, false, true};
      if (accept('-')) {
        if (Status read = range_end(range); !read) return read;
      }
    }
    Result<int> step = accept('/') ? step_of(range) : Result<int>(range.hashed ? 0 : 1);
    if (!step) return step.error();
    add(fields, range, *step);
    return Unit{};
  }

  Status hashed_range(Range& range) {
    ++at_;
    range = {rule_.low, rule_.hash_high, true, false};
    if (!accept('(')) return Unit{};
    const std::size_t begin = at_;
    Result<int> low = value();
    if (!low) return low.error();
    if (!accept('-')) return fail(at_, "H takes a range, as in H(0-29)");
    Result<int> high = value();
    if (!high) return high.error();
    if (!accept(')')) return fail(at_, "`)` is missing after " + quoted(expr_.substr(begin - 2, at_ - begin + 2)));
    if (*high < *low) return backwards(begin, *low, *high);
    range.low = *low;
    range.high = *high;
    return Unit{};
  }

  Status range_end(Range& range) {
    const bool named = is_letter(peek());
    Result<int> high = value();
    if (!high) return high.error();
    range.open = false;
    range.high = *high;
    // FRI-SUN: Sunday ends the week where it is written as its end.
    if (rule_.field == Field::weekday && named && range.high == 0) range.high = 7;
    if (range.high < range.low) return backwards(item_begin_, range.low, range.high);
    return Unit{};
  }

  Error backwards(std::size_t where, int low, int high) {
    return fail(where, "the range " + std::to_string(low) + "-" + std::to_string(high) + " runs backwards; write " +
                           std::to_string(low) + "-" + std::to_string(rule_.star_high) + "," +
                           std::to_string(rule_.low) + "-" + std::to_string(high));
  }

  Result<int> step_of(Range& range) {
    const std::size_t begin = at_;
    Result<int> step = number();
    if (!step) return step.error();
    const int size = rule_.star_high - rule_.low + 1;
    if (*step == 0) return fail(begin, "a step of 0 never moves on");
    if (*step > size) {
      return fail(begin, "the step " + std::to_string(*step) + " is longer than the field (" + std::to_string(size) +
                             " values); a schedule of elapsed time is written `every 90m`");
    }
    if (range.open) range.high = rule_.star_high;
    if (range.open && range.low > range.high) range.low = range.high = 0;  // 7/2: Sunday
    return *step;
  }

  /// A number or a name within the field.
  Result<int> value() {
    const std::size_t begin = at_;
    if (is_letter(peek())) return name();
    Result<int> read = number();
    if (!read) return read;
    if (*read < rule_.low || *read > rule_.high) {
      return fail(begin, std::to_string(*read) + " is not within " + std::to_string(rule_.low) + "-" +
                             std::to_string(rule_.high));
    }
    return read;
  }

  Result<int> number() {
    if (!is_digit(peek())) return unexpected();
    constexpr int kTooLarge = 100'000;
    int read = 0;
    const std::size_t begin = at_;
    for (; is_digit(peek()); ++at_) read = std::min(read * 10 + (peek() - '0'), kTooLarge);
    if (read == kTooLarge) return fail(begin, quoted(expr_.substr(begin, at_ - begin)) + " is too large");
    return read;
  }

  Result<int> name() {
    const std::size_t begin = at_;
    std::string word;
    for (; is_letter(peek()) && word.size() < 3; ++at_) word += peek();
    const auto found = std::find(rule_.names.begin(), rule_.names.end(), word);
    if (found == rule_.names.end()) {
      while (is_letter(peek())) ++at_;
      const std::string known = rule_.names.empty() ? " is not a number"
                                                    : " is not one of " + std::string(rule_.names.front()) + "…" +
                                                          std::string(rule_.names.back());
      return fail(begin, quoted(expr_.substr(begin, at_ - begin)) + known);
    }
    const bool last_of_month = rule_.field == Field::weekday && peek() == 'L' && !is_letter(peek(1));
    if (is_letter(peek()) && !last_of_month) {
      return fail(begin, "names have three letters: " + word);
    }
    return static_cast<int>(found - rule_.names.begin()) + rule_.low;
  }

  [[nodiscard]] bool day_form_follows() const {
    if (rule_.field == Field::day) return peek() == 'W';
    return rule_.field == Field::weekday && (peek() == '#' || peek() == 'L');
  }

  /// `15W`, `5#2`, `5L`: `number` has been read.
  Status day_form(CronFields& fields, int number) {
    const char form = peek();
    ++at_;
    if (form == 'W') {
      fields.nearest_weekday |= 1U << number;
      return Unit{};
    }
    const std::uint8_t weekday = static_cast<std::uint8_t>(1U << (number % 7));
    if (form == 'L') {
      fields.last_weekdays |= weekday;
      return Unit{};
    }
    const std::size_t begin = at_;
    Result<int> nth = this->number();
    if (!nth) return nth.error();
    if (*nth < 1 || *nth > 5) return fail(begin, "a month has a first to a fifth such day, #1 to #5");
    fields.nth_weekdays.at(static_cast<std::size_t>(*nth - 1)) |= weekday;
    return Unit{};
  }

  /// `L`, `L-3`, `LW`.
  Status last_day(CronFields& fields) {
    if (accept('W')) return fail(at_ - 1, "W needs a day before it: 15W is the weekday nearest to the 15th");
    ++at_;
    if (accept('W')) {
      fields.last_weekday = true;
      return Unit{};
    }
    int before = 0;
    if (accept('-')) {
      const std::size_t begin = at_;
      Result<int> read = number();
      if (!read) return read.error();
      if (*read > 30) return fail(begin, "L-" + std::to_string(*read) + " lies before every month; at most L-30");
      before = *read;
    }
    fields.days_before_last |= 1U << before;
    return Unit{};
  }

  /// Sets the bits of `range`; a step of 0 takes one hashed value.
  void add(CronFields& fields, const Range& range, int step) {
    const std::uint64_t hash = hash_of(seed_, rule_.field);
    int low = range.low;
    int high = range.high;
    if (range.hashed) {
      const int size = range.high - range.low + 1;
      low += static_cast<int>(hash % static_cast<std::uint64_t>(step == 0 ? size : std::min(step, size)));
      if (step == 0) high = low;
    }
    std::uint64_t bits = 0;
    for (int v = low; v <= high; v += std::max(step, 1)) bits |= 1ULL << v;
    store(fields, bits);
  }

  void store(CronFields& fields, std::uint64_t bits) const {
    switch (rule_.field) {
      case Field::second:
        fields.seconds |= bits;
        break;
      case Field::minute:
        fields.minutes |= bits;
        break;
      case Field::hour:
        fields.hours |= static_cast<std::uint32_t>(bits);
        break;
      case Field::day:
        fields.days |= static_cast<std::uint32_t>(bits);
        break;
      case Field::month:
        fields.months |= static_cast<std::uint32_t>(bits);
        break;
      case Field::weekday: {
        constexpr std::uint64_t kSevenIsSunday = 1ULL << 7;
        if ((bits & kSevenIsSunday) != 0) bits |= 1;
        fields.weekdays |= static_cast<std::uint8_t>(bits & 0x7f);
        break;
      }
    }
  }

  const FieldRule& rule_;
  std::string_view expr_;
  std::size_t at_;
  std::size_t end_;
  std::string_view seed_;
  std::size_t item_begin_ = 0;
  int error_column_ = 1;
};

struct Preset {
  std::string_view name;
  std::string_view expr;
};
constexpr std::array<Preset, 7> kPresets = {{{"@yearly", "0 0 1 1 *"},
                                             {"@annually", "0 0 1 1 *"},
                                             {"@monthly", "0 0 1 * *"},
                                             {"@weekly", "0 0 * * 0"},
                                             {"@daily", "0 0 * * *"},
                                             {"@midnight", "0 0 * * *"},
                                             {"@hourly", "0 * * * *"}}};

struct Word {
  std::size_t begin;
  std::size_t end;
};

std::vector<Word> words_of(std::string_view expr) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < expr.size();) {
    if (is_space(expr[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < expr.size() && !is_space(expr[at])) ++at;
    words.push_back({begin, at});
  }
  return words;
}

Result<CronFields> parse_preset(std::string_view word, bool more_follows, std::string_view hash_seed) {
  for (const Preset& preset : kPresets) {
    int unused = 0;
    if (word != preset.name) continue;
    if (more_follows) return Error{std::string(word) + " stands alone"};
    return parse_cron_fields(preset.expr, hash_seed, unused);
  }
  if (word == "@reboot") return Error{"@reboot has no time; schedules are times"};
  if (word.starts_with("@every")) return Error{"write a fixed span as `every 15m`, without the @"};
  return Error{quoted(word) +
               " is not a preset; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly"};
}

/// Why these are not five or six fields.
Error wrong_count(const std::vector<Word>& words, int& column) {
  column = 1;
  if (words.empty()) return Error{"the cron expression is empty"};
  column = static_cast<int>(words.front().begin) + 1;
  if (words.size() == 7) {
    column = static_cast<int>(words.back().begin) + 1;
    return Error{"there is no field for years; `start` and `end` limit a schedule"};
  }
  return Error{
      "a cron expression has 5 fields (minute, hour, day of the month, month, day of the week), or 6 with "
      "seconds first; this one has " +
      std::to_string(words.size())};
}

}  // namespace

Result<CronFields> parse_cron_fields(std::string_view expr, std::string_view hash_seed, int& column) {
  constexpr std::size_t kLengthMax = 1'000;
  column = 1;
  if (expr.size() > kLengthMax) return Error{"a cron expression has at most 1000 characters"};
  const std::vector<Word> words = words_of(expr);
  if (!words.empty()) {
    const std::string_view first = expr.substr(words[0].begin, words[0].end - words[0].begin);
    column = static_cast<int>(words[0].begin) + 1;
    if (first.starts_with("TZ=") || first.starts_with("CRON_TZ=")) return Error{"write the time zone as `timezone:`"};
    if (first.front() == '@') return parse_preset(first, words.size() > 1, hash_seed);
  }
  if (words.size() != 5 && words.size() != 6) return wrong_count(words, column);
  CronFields fields;
  const std::size_t skipped = words.size() == 5 ? 1 : 0;
  fields.seconds = skipped;
  for (std::size_t i = 0; i < words.size(); ++i) {
    FieldParser parser(kRules.at(i + skipped), expr, words[i].begin, words[i].end, hash_seed);
    if (Status read = parser.parse(fields); !read) {
      column = parser.error_column();
      return read.error();
    }
  }
  if (!can_ever_fire(fields)) {
    const std::size_t day_word = 3 - skipped;
    column = static_cast<int>(words[day_word].begin) + 1;
    return Error{"this can never fire: no month that is named has such a day"};
  }
  return fields;
}

}  // namespace baton::timetable
