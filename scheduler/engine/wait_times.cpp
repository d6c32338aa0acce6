#include "scheduler/engine/wait_times.h"

#include <numeric>

#include "scheduler/json/json_reader.h"
#include "scheduler/json/json_writer.h"

namespace baton {
namespace {

constexpr std::string_view kSummedTo = "summed_to";

}  // namespace

DurationUs WaitTimes::total_us() const { return std::accumulate(us_.begin(), us_.end(), DurationUs{0}); }

std::string WaitTimes::to_json() const { return to_json(kNoTime); }

std::string WaitTimes::to_json(WallUs summed_to) const {
  std::string out;
  if (total_us() == 0 && summed_to == kNoTime) return out;
  JsonObject object(out);
  for (std::size_t i = 0; i < us_.size(); ++i) {
    if (us_[i] != 0) object.number(to_string(static_cast<Wait>(i)), us_[i]);
  }
  if (summed_to != kNoTime) object.number(kSummedTo, summed_to);
  return out;
}

WaitTimes::Read WaitTimes::read(std::string_view json) {
  Read out;
  if (json.empty()) return out;  // most rows of a run that lives: nothing has been written yet
  JsonReader in(json);
  in.enter_object();
  for (std::string name; in.next_member(name);) {
    const std::int64_t number = in.integer();
    if (name == kSummedTo) {
      out.summed_to = number;
    } else if (const auto wait = wait_from(name)) {
      out.times.add(*wait, number);
    }
  }
  return in.ok() ? out : Read{};
}

WallUs WaitTimes::summed_to(std::string_view json) { return read(json).summed_to; }

WaitTimes WaitTimes::from_json(std::string_view json) { return read(json).times; }

}  // namespace baton
