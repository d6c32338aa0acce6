#include "web/api/tried_log.h"

#include <algorithm>
#include <cstdlib>

#include "scheduler/logs/log_place.h"
#include "web/api/answers.h"

namespace baton::api {

Result<TriedLog> log_of_path(const Call& call) {
  auto reader = call.services.readers->take();
  if (!reader) return reader.error();
  const auto instance = instance_of_path(**reader, call.request);
  if (!instance) return instance.error();
  const auto& row = instance->row;
  const auto tries = (*reader)->tries(row.run_no, row.instance_no);
  if (!tries) return tries.error();
  const std::string& text = call.request.param("try_number");
  const std::int64_t number = text == "latest" ? row.try_number : std::strtoll(text.c_str(), nullptr, 10);
  TriedLog log{{}, row.run_no, row.instance_no, row.epoch, number, false};
  if (number == 0 && text == "latest") return log;  // it has not been tried: there is no log yet
  const bool lives = row.state == TaskState::queued || row.state == TaskState::running;
  if (!lives || row.try_number != number) {
    const auto last = std::find_if(tries->rbegin(), tries->rend(),
                                   [number](const TryView& one) { return one.row.try_number == number; });
    if (last == tries->rend()) {
      return Error{"there is no try " + text + " of this task instance", ErrorKind::not_found};
    }
    log.epoch = last->row.epoch;
    log.has_ended = true;
  }
  log.path = logs::log_path(call.services.state_folder, log.run_no, log.instance_no, log.epoch);
  return log;
}

}  // namespace baton::api
