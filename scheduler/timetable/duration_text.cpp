#include <array>
#include <limits>
#include <optional>

#include "scheduler/timetable/characters.h"
#include "scheduler/timetable/quoted.h"
#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

struct NamedSpan {
  std::string_view name;
  DurationUs size_us;
};

constexpr DurationUs kWeek = 7 * kDay;

// Longest first, as they must be written. `us` is ours alone, for exact output.
constexpr std::array<NamedSpan, 7> kUnits = {
    {{"w", kWeek}, {"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", kMillisecond}, {"us", 1}}};
constexpr std::array<NamedSpan, 2> kIsoDateUnits = {{{"W", kWeek}, {"D", kDay}}};
constexpr std::array<NamedSpan, 3> kIsoTimeUnits = {{{"H", kHour}, {"M", kMinute}, {"S", kSecond}}};

/// Reads `number unit` parts in the order of their units, and adds them up.
class PartReader {
 public:
  PartReader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  /// Reads parts with these units, each at most once, until the end or `stop`. False on anything else.
  template <std::size_t N>
  bool read(const std::array<NamedSpan, N>& units, char stop) {
    std::size_t next_unit = 0;
    while (at_ < text_.size() && text_[at_] != stop) {
      if (!number()) return false;
      const std::size_t unit = longest_unit(units, next_unit);
      if (unit == N || !add(units.at(unit).size_us)) return false;
      at_ += units.at(unit).name.size();
      next_unit = unit + 1;
      ++parts_;
    }
    return true;
  }

  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] int parts() const { return parts_; }
  [[nodiscard]] bool too_long() const { return too_long_; }
  [[nodiscard]] DurationUs sum() const { return sum_; }

 private:
  template <std::size_t N>
  [[nodiscard]] std::size_t longest_unit(const std::array<NamedSpan, N>& units, std::size_t from) const {
    std::size_t found = N;
    for (std::size_t i = from; i < N; ++i) {
      const std::string_view name = units.at(i).name;
      if (text_.substr(at_).starts_with(name) && (found == N || name.size() > units.at(found).name.size())) found = i;
    }
    return found;
  }

  /// `12` or `1.5`; nothing may follow a fraction.
  bool number() {
    if (fraction_digits_ > 0) return false;
    const std::size_t begin = at_;
    whole_ = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      if (__builtin_mul_overflow(whole_, 10, &whole_) || __builtin_add_overflow(whole_, text_[at_] - '0', &whole_)) {
        too_long_ = true;
        return false;
      }
    }
    if (at_ == begin) return false;
    fraction_ = 0;
    if (!accept('.')) return true;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_, ++fraction_digits_) {
      if (fraction_digits_ == kFractionDigitsMax) return false;
      fraction_ = fraction_ * 10 + (text_[at_] - '0');
    }
    return fraction_digits_ > 0;
  }

  /// Adds the number just read, times `unit_us`. A fraction is cut to whole µs: nine digits of a week fit 64 bits.
  bool add(DurationUs unit_us) {
    DurationUs part = 0;
    DurationUs fraction = fraction_ * unit_us;
    for (int i = 0; i < fraction_digits_; ++i) fraction /= 10;
    too_long_ = __builtin_mul_overflow(whole_, unit_us, &part) || __builtin_add_overflow(sum_, part, &sum_) ||
                __builtin_add_overflow(sum_, fraction, &sum_);
    return !too_long_;
  }

  static constexpr int kFractionDigitsMax = 6;

  std::string_view text_;
  std::size_t at_;
  DurationUs sum_ = 0;
  DurationUs whole_ = 0;
  DurationUs fraction_ = 0;
  int fraction_digits_ = 0;
  int parts_ = 0;
  bool too_long_ = false;
};

Error not_a_duration(std::string_view text, bool too_long) {
  if (too_long) return Error{quoted(text) + " is too long for a duration (about 290,000 years)"};
  return Error{quoted(text) + " is not a duration like 90s, 5m, 2h30m, 1d, 1w or PT5M"};
}

Result<DurationUs> parse_iso(std::string_view text) {
  PartReader reader(text, 1);
  bool good = reader.read(kIsoDateUnits, 'T');
  if (good && reader.accept('T')) {
    const int before = reader.parts();
    good = reader.read(kIsoTimeUnits, '\0') && reader.parts() > before;
  }
  if (good && reader.at_end() && reader.parts() > 0) return reader.sum();
  if (const auto t = text.find('T'); text.substr(0, t).find_first_of("YM") != std::string_view::npos) {
    return Error{quoted(text) + ": years and months have no fixed length; write days or weeks"};
  }
  return not_a_duration(text, reader.too_long());
}

/// `3.25`, without trailing zeros.
std::string decimal(DurationUs value, DurationUs unit, int digits) {
  std::string text = std::to_string(value / unit);
  DurationUs rest = value % unit;
  if (rest == 0 || digits == 0) return text;
  text += '.';
  for (int i = 0; i < digits && rest != 0; ++i) {
    rest *= 10;
    text += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

Result<DurationUs> parse_duration(std::string_view text) {
  if (text.starts_with('P')) return parse_iso(text);
  PartReader reader(text, 0);
  if (reader.read(kUnits, '\0') && reader.at_end() && reader.parts() > 0) return reader.sum();
  const bool bare_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (bare_number)
    return Error{quoted(text) + " has no unit; write " + quoted(std::string(text) + "s") + " for seconds"};
  return not_a_duration(text, reader.too_long());
}

std::string format_duration(DurationUs span) {
  if (span < 0) return "-" + format_duration(span == std::numeric_limits<DurationUs>::min() ? -(span + 1) : -span);
  if (span == 0) return "0s";
  if (span < kMillisecond) return std::to_string(span) + "us";
  if (span < kSecond) return decimal(span, kMillisecond, span < 10 * kMillisecond ? 1 : 0) + "ms";
  if (span < kMinute) return decimal(span, kSecond, span < 10 * kSecond ? 2 : 1) + "s";
  std::size_t unit = 1;  // from days down: people count weeks in days
  while (span < kUnits.at(unit).size_us) ++unit;
  const DurationUs large = kUnits.at(unit).size_us;
  const DurationUs rest = span % large / kUnits.at(unit + 1).size_us;
  std::string text = std::to_string(span / large) + std::string(kUnits.at(unit).name);
  if (rest > 0) text += std::to_string(rest) + std::string(kUnits.at(unit + 1).name);
  return text;
}

std::string format_duration_exact(DurationUs span) {
  if (span < 0)
    return "-" + format_duration_exact(span == std::numeric_limits<DurationUs>::min() ? -(span + 1) : -span);
  if (span == 0) return "0s";
  std::string text;
  for (std::size_t unit = 1; kUnits.at(unit).size_us > kSecond; ++unit) {
    if (const DurationUs count = span / kUnits.at(unit).size_us; count > 0) {
      text += std::to_string(count) + std::string(kUnits.at(unit).name);
      span %= kUnits.at(unit).size_us;
    }
  }
  if (span > 0) text += decimal(span, kSecond, 6) + "s";
  return text;
}

}  // namespace baton::timetable
