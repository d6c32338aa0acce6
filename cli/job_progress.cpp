#include "cli/job_progress.h"

#include <chrono>
#include <thread>

#include "cli/exit_codes.h"
#include "cli/reading.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {

std::string job_words(const Value& job) {
  std::string out = std::to_string(number_member(job, "done")) + " of " + std::to_string(number_member(job, "total"));
  if (const std::int64_t failed = number_member(job, "failed"); failed > 0) {
    out += ", " + std::to_string(failed) + " could not be: " + text_member(job, "note");
  }
  return out;
}

int await_job(const Invocation& call, const ServerClient& server, std::int64_t number) {
  while (true) {
    const Result<Value> job = server.get(std::string(kBulkJobs) + "/" + std::to_string(number));
    if (!job) return call.fail(job.error(), "the job goes on; `baton jobs ls` lists it");
    if (text_member(*job, "state") == "running") {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    if (call.format() == Format::table) {
      Invocation::print("job " + std::to_string(number) + "  " + text_member(*job, "state") + ": " + job_words(*job) + "\n");
    } else {
      call.print_document(*job);
    }
    return text_member(*job, "state") == "completed" && number_member(*job, "failed") == 0 ? kOk : kRunFailed;
  }
}

}  // namespace baton::cli
