#include "scheduler/timetable/schedule_spec.h"

#include "scheduler/timetable/characters.h"
#include "scheduler/timetable/cron.h"
#include "scheduler/timetable/quoted.h"
#include "scheduler/timetable/time_text.h"

namespace baton::timetable {
namespace {

}  // namespace

Status check_every(DurationUs every_us) {
  if (every_us < kSecond || every_us % kSecond != 0) {
    return Error{"`every` takes whole seconds, at least 1s, not " + format_duration_exact(every_us)};
  }
  return Unit{};
}

Result<ScheduleEntry> parse_schedule_text(std::string_view text, std::string_view dag_id, int* error_column) {
  int column = 1;
  const auto fail = [&](const Error& error) {
    if (error_column != nullptr) *error_column = column;
    return error;
  };
  std::size_t at = text.find_first_not_of(" \t");
  if (at == std::string_view::npos) return fail(Error{"the schedule is empty; leave `schedule` out for a manual DAG"});
  constexpr std::string_view kEvery = "every";
  if (text.substr(at).starts_with(kEvery) && at + kEvery.size() < text.size() && is_space(text[at + kEvery.size()])) {
    at = text.find_first_not_of(" \t", at + kEvery.size());
    if (at == std::string_view::npos) at = text.size();
    column = static_cast<int>(at) + 1;
    const std::size_t end = text.find_last_not_of(" \t") + 1;
    Result<DurationUs> every = parse_duration(text.substr(at, end < at ? 0 : end - at));
    if (!every) return fail(every.error());
    if (Status good = check_every(*every); !good) return fail(good.error());
    return ScheduleEntry{"", *every, ""};
  }
  if (Result<Cron> cron = Cron::parse(text, dag_id, &column); !cron) return fail(cron.error());
  return ScheduleEntry{std::string(text), 0, ""};
}

}  // namespace baton::timetable
