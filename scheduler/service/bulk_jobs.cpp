#include "scheduler/service/bulk_jobs.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr DurationUs kAgain = 100 * kMillisecond;  ///< others had the time
constexpr DurationUs kReadAgain = 10 * kSecond;
constexpr double kBurstSeconds = 0.25;

Actor actor_of(const BulkJobRow& row) { return {row.actor, "", "job"}; }

AuditRow audit_of_job(const std::string& action, const BulkJobRow& row, const std::string& why, const Actor& actor,
                      WallUs at) {
  AuditRow out = audit_row(actor, action, RunRow{}, why, at);
  const bool is_of_letters = row.kind.ends_with("_dead_letters");
  out.after_json = to_json(Value(ValueMap{{"job", row.job_no}, {"kind", row.kind},
                                          {is_of_letters ? "letters" : "runs", row.total}}));
  return out;
}

Error no_such_job(std::int64_t job_no) {
  return {"there is no job " + std::to_string(job_no) + " that is not through", ErrorKind::not_found};
}

}  // namespace

// ── the pace ────────────────────────────────────────────────────────────────────────────────────────────────────────

void JobPace::fill(MonoUs now) {
  if (!has_begun_) filled_at_ = now;
  has_begun_ = true;
  const double since = static_cast<double>(now - filled_at_) / static_cast<double>(kSecond);
  tokens_ = std::min(tokens_ + since * per_second_, std::max(1.0, per_second_ * kBurstSeconds));
  filled_at_ = now;
}

std::size_t JobPace::take(MonoUs now, std::size_t most) {
  if (per_second_ <= 0 || BATON_BUG(job_rate_ignored)) return most;
  fill(now);
  const std::size_t given = std::min(most, static_cast<std::size_t>(tokens_));
  tokens_ -= static_cast<double>(given);
  return given;
}

MonoUs JobPace::next(MonoUs now) const {
  if (per_second_ <= 0 || tokens_ >= 1) return now;
  // One and no fraction of a microsecond less: a wake that comes too early would find nothing and wake again.
  return filled_at_ + static_cast<DurationUs>((1 - tokens_) / per_second_ * static_cast<double>(kSecond)) + 1;
}

// ── jobs that come and go ───────────────────────────────────────────────────────────────────────────────────────────

void BulkJobs::start(const ServiceSnapshot& found) {
  last_no_ = found.last_job_no;
  if (BATON_BUG(jobs_end_with_their_server)) return;
  for (const BulkJobRow& row : found.jobs) begin(row);
}

/// What cannot be read is changed by nobody: it ends.
void BulkJobs::begin(const BulkJobRow& row) {
  if (row.state != JobState::running || row.ended_at != kNoTime) return;
  last_no_ = std::max(last_no_, row.job_no);
  Job& job = jobs_[row.job_no];
  job.row = row;
  const bool is_of_letters = row.kind.ends_with("_dead_letters");
  const auto take = [&](auto ask) {
    if (!ask) {
      job.row.note = ask.error().message;
      host_.say("job " + std::to_string(row.job_no) + " is cancelled: " + job.row.note);
      return false;
    }
    if constexpr (requires { ask->per_second; }) job.pace = JobPace(ask->per_second);
    job.ask = std::move(*ask);
    return true;
  };
  const bool is_known = is_of_letters            ? take(job_from_json(row.filter_json))
                        : row.kind == kRunRestKind ? take(rest_from_json(row.filter_json))
                                                   : take(run_job_from_json(row.filter_json));
  if (!is_known) return end(job, JobState::cancelled);
  loop_.post(guarded([this, job_no = row.job_no] { go_on(job_no); }));
}

void BulkJobs::stop() {
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
  for (auto& [job_no, job] : jobs_) {
    if (job.timer != 0) loop_.cancel(job.timer);
  }
  jobs_.clear();
}

BulkJobs::Job* BulkJobs::find(std::int64_t job_no) {
  const auto at = jobs_.find(job_no);
  return at == jobs_.end() ? nullptr : &at->second;
}

NewJob BulkJobs::prepare(JobAsk ask, std::int64_t total, const Actor& actor) {
  NewJob out;
  out.row.job_no = take_number();
  out.row.actor = actor.name;
  out.row.total = total;
  out.row.created_at = loop_.wall_now();
  std::string action, why;
  if (const auto* letters = std::get_if<LetterJobAsk>(&ask)) {
    out.row.kind = kind_of(*letters);
    out.row.filter_json = job_json(*letters);
    action = letters->discards ? "discard_job" : "redrive_job";
    why = letters->why;
  } else {
    const auto& runs = std::get<RunJobAsk>(ask);
    out.row.kind = kind_of(runs);
    out.row.filter_json = job_json(runs);
    action = out.row.kind + "_job";
    why = runs.why;
  }
  out.audit = audit_of_job(action, out.row, why, actor, out.row.created_at);
  return out;
}

void BulkJobs::create(JobAsk ask, std::int64_t total, const Actor& actor, OnMade done) {
  NewJob made = prepare(std::move(ask), total, actor);
  ServiceRows rows;
  rows.jobs.push_back(made.row);
  host_.write(std::move(rows), {std::move(made.audit)}, guarded([this, row = made.row, done = std::move(done)] {
                done(row.job_no);
                begin(row);
              }));
}

void BulkJobs::cancel(std::int64_t job_no, const Actor& actor, OnDone done) {
  Job* job = find(job_no);
  if (job == nullptr) return done(no_such_job(job_no));
  if (job->row.kind == kRunRestKind) {
    return done(Error{"the run is deleted: what is left of it goes, and cannot be kept", ErrorKind::conflict});
  }
  job->row.state = JobState::cancelled;  // seen by the turn that is on its way
  job->row.ended_at = loop_.wall_now();
  ServiceRows rows;
  rows.jobs.push_back(job->row);
  AuditRow audit = audit_of_job("cancel_job", job->row, "", actor, job->row.ended_at);
  host_.write(std::move(rows), {std::move(audit)}, guarded([this, job_no, done = std::move(done)] {
                done(Unit{});
                go_on(job_no);
              }));
}

void BulkJobs::end(Job& job, JobState how) {
  if (job.timer != 0) loop_.cancel(std::exchange(job.timer, 0));
  job.row.state = how;
  if (job.row.ended_at == kNoTime) job.row.ended_at = loop_.wall_now();
  write_progress(job);
  jobs_.erase(job.row.job_no);
}

void BulkJobs::write_progress(Job& job) {
  job.written_at = loop_.mono_now();
  ServiceRows rows;
  rows.jobs.push_back(job.row);
  host_.write(std::move(rows), {}, [] {});
}

// ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────────

void BulkJobs::wake(Job& job, MonoUs at) {
  if (job.timer != 0) return;
  job.timer = loop_.call_at(at, [this, job_no = job.row.job_no] {
    if (Job* due = find(job_no)) due->timer = 0;
    go_on(job_no);
  });
}

void BulkJobs::go_on(std::int64_t job_no) {
  Job* job = find(job_no);
  if (job == nullptr || job->is_reading || job->in_flight > 0) return;
  if (job->row.state == JobState::cancelled) return end(*job, JobState::cancelled);
  if (const auto* rest = std::get_if<RunRestAsk>(&job->ask)) return remove_rest(*job, *rest);
  if (job->found.empty()) return job->is_read ? end(*job, JobState::completed) : read(*job);
  const auto* letters = std::get_if<LetterJobAsk>(&job->ask);
  const auto* runs = std::get_if<RunJobAsk>(&job->ask);
  if (letters != nullptr && letters->discards) return discard(*job);
  const bool removes = runs != nullptr && runs->action == RunJobAction::remove;
  const MonoUs now = loop_.mono_now();
  const std::size_t most = removes ? kRunsAPart : runs != nullptr ? kRunsATurn : kLettersATurn;
  const std::size_t count = job->pace.take(now, std::min(job->found.size(), most));
  if (count == 0) return wake(*job, job->pace.next(now));
  removes ? remove(*job, *runs, count) : change(*job, count);
}

void BulkJobs::read(Job& job) {
  if (const auto* runs = std::get_if<RunJobAsk>(&job.ask)) return read_runs(job, *runs);
  LetterQuery query;
  query.filter = std::get<LetterJobAsk>(job.ask).filter;
  query.filter.number_min = job.row.cursor + 1;
  query.page.limit = static_cast<std::int64_t>(kPageMax);
  query.page.with_total = false;
  job.is_reading = true;
  host_.find(std::move(query), guarded([this, job_no = job.row.job_no](const Result<LetterPage>& page) {
               std::vector<Item> found;
               for (std::size_t k = 0; page && k < page->rows.size(); ++k) {
                 const DeadLetterRow& letter = page->rows[k].row;
                 found.push_back({letter.letter_no, letter.run_no, letter.dag_id,
                                  "letter " + std::to_string(letter.letter_no), letter.instance_no, letter.epoch});
               }
               page_read(job_no, page ? nullptr : &page.error(), std::move(found));
             }));
}

void BulkJobs::page_read(std::int64_t job_no, const Error* why, std::vector<Item> found) {
  Job* job = find(job_no);
  if (job == nullptr) return;
  job->is_reading = false;
  if (why != nullptr) {
    host_.say("job " + std::to_string(job_no) + " waits: " + why->message);
    return wake(*job, loop_.mono_now() + kReadAgain);
  }
  job->is_read = found.size() < kPageMax;
  job->found.assign(std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  go_on(job_no);
}

/// One request for each run: letters of what a wide run has failed in are cleared at once, and not one by one.
void BulkJobs::change(Job& job, std::size_t count) {
  std::vector<std::vector<Item>> groups;
  std::map<RunNo, std::size_t> group_of;
  for (std::size_t k = 0; k < count; ++k) {
    Item item = std::move(job.found.front());
    job.found.pop_front();
    job.turn_end = std::max(job.turn_end, item.number);
    const auto [at, is_new] = group_of.emplace(item.run_no, groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(std::move(item));
  }
  job.in_flight = groups.size();
  const std::int64_t job_no = job.row.job_no;
  const Actor actor = actor_of(job.row);
  const auto ask = job.ask;  // what is answered at once may end the job
  for (std::vector<Item>& group : groups) {
    const RunNo run_no = group.front().run_no;
    JobChange request = RedriveLetters{};
    std::optional<IdempotencyKey> key;
    bool takes_latest = false;
    if (const auto* letters = std::get_if<LetterJobAsk>(&ask)) {
      RedriveLetters redrive;
      redrive.run_no = run_no;
      redrive.job_no = job_no;
      redrive.why = letters->why;
      for (const Item& letter : group) redrive.letters.push_back({letter.number, letter.instance_no, letter.epoch});
      request = std::move(redrive);
      takes_latest = letters->takes_latest;
    } else {
      const auto& runs = std::get<RunJobAsk>(ask);
      request = change_of_run(runs, run_no);
      takes_latest = runs.takes_latest;
      key = IdempotencyKey{actor.name, "job", std::to_string(job_no) + "/" + std::to_string(run_no), "", 200};
    }
    const std::string latest_of = takes_latest ? group.front().dag_id : std::string();
    host_.change(std::move(request), latest_of, actor, std::move(key),
                 guarded([this, job_no, group = std::move(group)](const Result<std::size_t>& how) {
                   answered(job_no, group, how);
                 }));
  }
}

void BulkJobs::answered(std::int64_t job_no, const std::vector<Item>& items, const Result<std::size_t>& how) {
  Job* job = find(job_no);
  if (job == nullptr) return;
  const bool is_busy = !how && how.error().kind == ErrorKind::busy;
  if (how) job->row.done += static_cast<std::int64_t>(*how);
  if (is_busy) job->again.insert(job->again.end(), items.begin(), items.end());
  if (!how && !is_busy) {
    job->row.failed += static_cast<std::int64_t>(items.size());
    job->row.note = items.front().name + ": " + how.error().message;
  }
  if (--job->in_flight == 0) turn_ended(*job);
}

void BulkJobs::turn_ended(Job& job) {
  const MonoUs now = loop_.mono_now();
  const std::int64_t job_no = job.row.job_no;
  if (!job.again.empty()) {
    std::ranges::sort(job.again, {}, &Item::number);
    job.found.insert(job.found.begin(), job.again.begin(), job.again.end());
    job.again.clear();
    return wake(job, now + kAgain);
  }
  job.row.cursor = job.turn_end;
  const bool is_open = job.row.state == JobState::running;
  if (is_open && now - job.written_at >= kSecond) write_progress(job);
  loop_.post(guarded([this, job_no] { go_on(job_no); }));  // others have their turn in between
}

/// The whole page at once, with how far the job has come: there is nothing to run.
void BulkJobs::discard(Job& job) {
  ServiceRows rows;
  const WallUs now = loop_.wall_now();
  for (const Item& letter : job.found) {
    rows.letter_closings.push_back({letter.run_no, letter.instance_no, letter.epoch, LetterState::discarded, now,
                                    job.row.actor, job.row.job_no});
  }
  job.row.done += static_cast<std::int64_t>(job.found.size());
  job.row.cursor = job.found.back().number;
  AuditRow audit = audit_row(actor_of(job.row), "discard_dead_letters", RunRow{}, std::get<LetterJobAsk>(job.ask).why, now);
  audit.before_json = to_json(Value(ValueMap{{"count", static_cast<std::int64_t>(job.found.size())},
                                             {"from", job.found.front().number},
                                             {"to", job.found.back().number},
                                             {"job", job.row.job_no}}));
  job.found.clear();
  job.in_flight = 1;
  rows.jobs.push_back(job.row);
  host_.write(std::move(rows), {std::move(audit)}, guarded([this, job_no = job.row.job_no] {
                Job* of = find(job_no);
                if (of == nullptr) return;
                of->in_flight = 0;
                loop_.post(guarded([this, job_no] { go_on(job_no); }));
              }));
}

}  // namespace baton
