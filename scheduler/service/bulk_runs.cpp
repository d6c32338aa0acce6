// BulkJobs over runs: which change each one gets; deletions, in parts that nobody has to wait for long.
#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "scheduler/service/bulk_jobs.h"

namespace baton {
namespace {

constexpr std::int64_t kInstancesMax = 5'000;  ///< that one part deletes, of many small runs

RunState marked_as(RunJobAction action) {
  return action == RunJobAction::mark_success ? RunState::success : RunState::failed;
}

}  // namespace

JobChange change_of_run(const RunJobAsk& ask, RunNo run_no) {
  switch (ask.action) {
    case RunJobAction::retry: {
      RetryRun retry;
      retry.run_no = run_no;
      retry.why = ask.why;
      return retry;
    }
    case RunJobAction::cancel: return StopRun{run_no, false, ask.why};
    case RunJobAction::mark_success:
    case RunJobAction::mark_failed: {
      MarkRun mark;
      mark.run_no = run_no;
      mark.state = marked_as(ask.action);
      mark.why = ask.why;
      return mark;
    }
    case RunJobAction::clear:
    case RunJobAction::remove: break;
  }
  ClearTasks clear;
  clear.run_no = run_no;
  clear.why = ask.why;
  return clear;
}

void BulkJobs::read_runs(Job& job, const RunJobAsk& ask) {
  RunQuery query;
  query.filter = ask.filter;
  query.filter.number_min = job.row.cursor + 1;
  query.order = {{RunField::number, false}};
  query.page.limit = static_cast<std::int64_t>(kPageMax);
  query.page.with_total = false;
  job.is_reading = true;
  host_.find_runs(std::move(query), guarded([this, job_no = job.row.job_no](const Result<RunPage>& page) {
                    std::vector<Item> found;
                    for (std::size_t k = 0; page && k < page->rows.size(); ++k) {
                      const RunRow& run = page->rows[k].row;
                      Item item{run.run_no, run.run_no, run.dag_id, run.dag_id + "/" + run.run_id};
                      item.instances = std::accumulate(run.counts.begin(), run.counts.end(), std::int64_t{0});
                      item.has_ended = is_final(run.state);
                      found.push_back(std::move(item));
                    }
                    page_read(job_no, page ? nullptr : &page.error(), std::move(found));
                  }));
}

/// In one part with how far the job has come. A large run goes at once for those who look, and by a job of its own for
/// the disk.
void BulkJobs::remove(Job& job, const RunJobAsk& ask, std::size_t count) {
  std::vector<RunDeletionRow> runs;
  std::vector<Item> asked;
  std::vector<BulkJobRow> rests;
  const WallUs now = loop_.wall_now();
  std::int64_t instances = 0;
  while (asked.size() < count && (asked.empty() || instances + job.found.front().instances <= kInstancesMax)) {
    Item item = std::move(job.found.front());
    job.found.pop_front();
    job.turn_end = std::max(job.turn_end, item.number);
    const bool is_large = item.instances > kRestPart;
    instances += is_large ? 0 : item.instances;
    if (item.has_ended) {
      runs.push_back({item.run_no, item.name, now, kNoTime, is_large});
      if (is_large) rests.push_back(rest_job(take_number(), {item.run_no, item.name}, item.instances, job.row.actor, now));
    }
    asked.push_back(std::move(item));
  }
  const std::int64_t job_no = job.row.job_no;
  AuditRow audit = audit_row({job.row.actor, "", "job"}, "delete_runs", RunRow{}, ask.why, now);
  audit.extra_json = "{\"job\":" + std::to_string(job_no) + ",\"runs\":" + std::to_string(runs.size()) + "}";
  job.in_flight = 1;
  if (runs.empty()) return removed(job_no, asked, {}, {});
  BulkJobRow progress = job.row;  // as it is if all of them go, which is what the row says until the next one
  progress.cursor = job.turn_end;
  progress.done += std::ssize(runs);
  ServiceRows more;
  more.jobs = rests;
  more.jobs.push_back(std::move(progress));
  host_.retire(std::move(runs), std::move(audit), std::move(more),
               guarded([this, job_no, asked, rests](const std::vector<RunNo>& gone) {
                 removed(job_no, asked, gone, rests);
               }));
}

void BulkJobs::removed(std::int64_t job_no, const std::vector<Item>& asked, const std::vector<RunNo>& gone,
                       const std::vector<BulkJobRow>& rests) {
  host_.runs_gone(gone);
  if (!gone.empty()) {
    for (const BulkJobRow& rest : rests) begin(rest);
  }
  Job* job = find(job_no);
  if (job == nullptr) return;
  job->in_flight = 0;
  const std::set<RunNo> are_gone(gone.begin(), gone.end());
  for (const Item& item : asked) {
    if (are_gone.contains(item.run_no)) {
      ++job->row.done;
      continue;
    }
    ++job->row.failed;
    job->row.note = item.name + ": it has not ended, or somebody works on it: cancel it first";
  }
  turn_ended(*job);
}

/// By ranges of its numbers: what has gone already goes no more, and a part that comes again does nothing.
void BulkJobs::remove_rest(Job& job, const RunRestAsk& ask) {
  if (job.row.ended_at != kNoTime) return static_cast<void>(jobs_.erase(job.row.job_no));
  RunRestRow part{ask.run_no, static_cast<InstanceNo>(job.row.cursor + kRestPart), false};
  part.is_last = part.up_to >= job.row.total;
  job.row.cursor = job.row.done = std::min<std::int64_t>(part.up_to, job.row.total);
  if (part.is_last) {
    job.row.state = JobState::completed;
    job.row.ended_at = loop_.wall_now();
  }
  ServiceRows rows;
  rows.rests.push_back(part);
  rows.jobs.push_back(job.row);
  job.in_flight = 1;
  host_.write(std::move(rows), {}, guarded([this, job_no = job.row.job_no] {
                Job* of = find(job_no);
                if (of == nullptr) return;
                of->in_flight = 0;
                loop_.post(guarded([this, job_no] { go_on(job_no); }));
              }));
}

}  // namespace baton
