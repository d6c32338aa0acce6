#include "scheduler/service/retention.h"

#include <algorithm>
#include <utility>

#include "scheduler/service/retention_plan.h"

namespace baton {
namespace {

constexpr DurationUs kFirstUs = 5 * kSecond;
constexpr DurationUs kSoonUs = kSecond;
constexpr DurationUs kEveryUs = kMinute;
constexpr DurationUs kSweepEveryUs = kHour;
/// Between two transactions: what others have to write comes in between.
constexpr DurationUs kRestUs = 5 * kMillisecond;
constexpr std::size_t kJobsMax = 50;

}  // namespace

void RetentionService::start(const Retention& kept, const std::vector<BegunDeletion>& begun) {
  is_stopped_ = false;
  *is_alive_ = true;
  status_.kept = kept;
  for (const BegunDeletion& one : begun) add_deletion(one.dag_id, {one.by, "", "baton"});
  wait(kFirstUs);
}

void RetentionService::set(const Retention& kept) {
  if (kept == status_.kept) return;
  status_.kept = kept;
  was_swept_ = false;
  if (!is_stopped_) wait(kSoonUs);
}

void RetentionService::stop() {
  is_stopped_ = true;
  *is_alive_ = false;
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
}

void RetentionService::wait(DurationUs span) {
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = loop_.call_at(loop_.mono_now() + span, guarded([this] {
                           timer_ = 0;
                           make_pass();
                         }));
}

void RetentionService::make_pass() {
  const WallUs now = loop_.wall_now();
  Pass pass;
  pass.job.job = ++last_given_;
  pass.by = {"retention", "", "baton"};
  pass.is_whole = true;
  pass.rows = old_rows_of(status_.kept, now);
  if (status_.kept.runs_us > 0) pass.rules.push_back({"", now - status_.kept.runs_us, 0});
  waiting_.push_back(std::move(pass));
  if (!pass_) next_pass();
}

std::int64_t RetentionService::prune(const KeepRule& rule, const Actor& by) {
  Pass pass;
  pass.job.job = ++last_given_;
  pass.by = by;
  pass.rules.push_back(rule);
  pass.rows = old_rows_of({}, loop_.wall_now());
  if (rule.dag_id.empty()) pass.rows.history_before = rule.ended_before;
  waiting_.push_back(std::move(pass));
  // Not from within the call: who asks hears its number first.
  loop_.post(guarded([this] {
    if (!pass_) next_pass();
  }));
  return last_given_;
}

void RetentionService::delete_dag(const std::string& dag_id, const Actor& by, RetentionHost::OnDone done) {
  const auto is_of = [&](const Pass& pass) { return pass.deletes == dag_id; };
  if ((pass_ && is_of(*pass_)) || std::any_of(waiting_.begin(), waiting_.end(), is_of)) {
    return loop_.post([done = std::move(done)] { done(Unit{}); });
  }
  host_.begin_deletion(dag_id, by, guarded([this, dag_id, by, done = std::move(done)](const Status& written) {
                         if (written) add_deletion(dag_id, by);
                         done(written);
                         if (!pass_) next_pass();
                       }));
}

void RetentionService::add_deletion(const std::string& dag_id, const Actor& by) {
  Pass pass;
  pass.job.job = ++last_given_;
  pass.by = by;
  pass.deletes = dag_id;
  pass.rules.push_back({dag_id, kNoTime, 0});
  waiting_.push_back(std::move(pass));
}

void RetentionService::next_pass() {
  if (waiting_.empty()) return;
  pass_ = std::move(waiting_.front());
  waiting_.pop_front();
  status_.is_busy = true;
  pass_->job.by = pass_->by.name;
  pass_->job.began = loop_.wall_now();
  if (pass_->is_whole && status_.kept.runs_per_dag > 0) return find_crowded();
  step();
}

/// Only DAGs with more runs than are kept are looked at: the others cost nothing, however many there are.
void RetentionService::find_crowded() {
  const std::int64_t keep = status_.kept.runs_per_dag;
  host_.find_dags_over(keep, guarded([this, keep](const Result<std::vector<std::string>>& found) {
                         if (!found) return fail(found.error());
                         for (const std::string& dag_id : *found) pass_->rules.push_back({dag_id, kNoTime, keep});
                         step();
                       }));
}

void RetentionService::step() {
  if (!pass_->parts.empty()) return delete_part();
  if (!pass_->is_last_page) return read_page();
  if (pass_->rules.empty()) return pass_->deletes.empty() ? prune_rows() : end_deletion();
  pass_->after = {};
  read_page();
}

/// The rule at hand stays the first until its last page has been read.
void RetentionService::read_page() {
  host_.find_old(pass_->rules.front(), pass_->after, guarded([this](const Result<OldRunPage>& page) {
                   if (!page) return fail(page.error());
                   pass_->after = page->next;
                   pass_->is_last_page = page->is_last;
                   if (page->is_last) pass_->rules.pop_front();
                   for (auto& part : parts_of(page->runs)) pass_->parts.push_back(std::move(part));
                   step();
                 }));
}

void RetentionService::delete_part() {
  const std::vector<OldRun> part = std::move(pass_->parts.front());
  pass_->parts.pop_front();
  for (const OldRun& run : part) pass_->dags.insert(run.dag_id);
  host_.retire(part, pass_->by, guarded([this](const std::vector<RunNo>& gone) {
                 pass_->job.removed.runs += std::ssize(gone);
                 if (!gone.empty()) host_.remove_folders(gone);
                 rest_then(&RetentionService::step);
               }));
}

void RetentionService::prune_rows() {
  host_.prune_rows(pass_->rows, guarded([this](const Result<std::int64_t>& rows) {
                     if (!rows) return fail(rows.error());
                     pass_->job.removed.rows += *rows;
                     rest_then(*rows > 0 ? &RetentionService::prune_rows : &RetentionService::prune_versions);
                   }));
}

/// A run that somebody has wanted again meanwhile keeps the DAG.
void RetentionService::end_deletion() {
  const auto ended = [this](std::int64_t left) {
    if (left > 0) pass_->job.error = std::to_string(left) + (left == 1 ? " run is" : " runs are") + " still there";
    host_.end_deletion(pass_->deletes, left == 0, pass_->by, guarded([this](const Status& done) {
                         if (!done) return fail(done.error());
                         end_pass();
                       }));
  };
  host_.count_runs(pass_->deletes, guarded([this, ended](const Result<std::int64_t>& left) {
                     if (!left) return fail(left.error());
                     ended(*left);
                   }));
}

void RetentionService::prune_versions() {
  if (pass_->dags.empty()) return sweep();
  host_.prune_versions(pass_->dags, guarded([this](const Result<std::int64_t>& versions) {
                         if (!versions) return fail(versions.error());
                         pass_->job.removed.versions += *versions;
                         sweep();
                       }));
}

void RetentionService::sweep() {
  const bool is_due = pass_->is_whole && (!was_swept_ || loop_.mono_now() - swept_at_ >= kSweepEveryUs);
  if (!is_due) return end_pass();
  was_swept_ = true;
  swept_at_ = loop_.mono_now();
  const DurationUs logs_us = status_.kept.logs_us;
  host_.sweep_folders(logs_us > 0 ? loop_.wall_now() - logs_us : kNoTime,
                      guarded([this](const Result<std::int64_t>& folders) {
                        if (!folders) return fail(folders.error());
                        pass_->job.removed.folders += *folders;
                        end_pass();
                      }));
}

/// Of no use to go on: the next pass begins anew, and finds what is left.
void RetentionService::fail(const Error& why) {
  pass_->job.error = why.message;
  if (said_ != why.message) host_.say("retention: " + why.message);
  said_ = why.message;
  end_pass();
}

void RetentionService::end_pass() {
  RetentionJob job = std::move(pass_->job);
  const bool is_whole = pass_->is_whole;
  pass_.reset();
  job.ended = loop_.wall_now();
  if (job.error.empty()) said_.clear();
  status_.is_busy = false;
  status_.total += job.removed;
  status_.jobs.push_back(std::move(job));
  if (status_.jobs.size() > kJobsMax) status_.jobs.pop_front();
  if (is_whole && timer_ == 0) wait(kEveryUs);
  next_pass();
}

void RetentionService::rest_then(void (RetentionService::*next)()) {
  loop_.call_at(loop_.mono_now() + kRestUs, guarded([this, next] { (this->*next)(); }));
}

}  // namespace baton
