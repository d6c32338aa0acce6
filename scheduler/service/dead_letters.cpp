#include "scheduler/service/dead_letters.h"

#include <algorithm>
#include <utility>

#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr DurationUs kAgain = 100 * kMillisecond;  ///< others had the time
constexpr DurationUs kReadAgain = 10 * kSecond;
constexpr double kBurstSeconds = 0.25;

Actor actor_of(const BulkJobRow& row) { return {row.actor, "", "job"}; }

AuditRow audit_of_job(const char* action, const BulkJobRow& row, const std::string& why, const Actor& actor, WallUs at) {
  AuditRow out = audit_row(actor, action, RunRow{}, why, at);
  out.after_json = to_json(Value(ValueMap{{"job", row.job_no}, {"kind", row.kind}, {"letters", row.total}}));
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
  if (per_second_ <= 0) return most;
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

void LetterJobs::start(const ServiceSnapshot& found) {
  last_no_ = found.last_job_no;
  std::vector<std::int64_t> begun;
  for (const BulkJobRow& row : found.jobs) {
    Job& job = jobs_[row.job_no];
    job.row = row;
    auto ask = job_from_json(row.filter_json);
    if (!ask) {
      job.row.note = ask.error().message;
      host_.say("job " + std::to_string(row.job_no) + " is cancelled: " + job.row.note);
      end(job, JobState::cancelled);
      continue;
    }
    job.ask = std::move(*ask);
    job.pace = JobPace(job.ask.per_second);
    begun.push_back(row.job_no);
  }
  for (const std::int64_t job_no : begun) go_on(job_no);
}

void LetterJobs::stop() {
  *is_alive_ = false;
  is_alive_ = std::make_shared<bool>(true);
  for (auto& [job_no, job] : jobs_) {
    if (job.timer != 0) loop_.cancel(job.timer);
  }
  jobs_.clear();
}

LetterJobs::Job* LetterJobs::find(std::int64_t job_no) {
  const auto at = jobs_.find(job_no);
  return at == jobs_.end() ? nullptr : &at->second;
}

void LetterJobs::create(LetterJobAsk ask, std::int64_t total, const Actor& actor, OnMade done) {
  Job& job = jobs_[++last_no_];
  job.row.job_no = last_no_;
  job.row.kind = kind_of(ask);
  job.row.actor = actor.name;
  job.row.filter_json = job_json(ask);
  job.row.total = total;
  job.row.created_at = loop_.wall_now();
  job.pace = JobPace(ask.per_second);
  job.ask = std::move(ask);
  job.ask.filter.states = {LetterState::open};
  job.is_reading = true;  // no letter before its row
  ServiceRows rows;
  rows.jobs.push_back(job.row);
  AuditRow audit = audit_of_job(job.ask.discards ? "discard_job" : "redrive_job", job.row, job.ask.why, actor,
                                job.row.created_at);
  host_.write(std::move(rows), {std::move(audit)}, guarded([this, job_no = last_no_, done = std::move(done)] {
                done(job_no);
                Job* made = find(job_no);
                if (made == nullptr) return;
                made->is_reading = false;
                go_on(job_no);
              }));
}

void LetterJobs::cancel(std::int64_t job_no, const Actor& actor, OnDone done) {
  Job* job = find(job_no);
  if (job == nullptr) return done(no_such_job(job_no));
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

void LetterJobs::end(Job& job, JobState how) {
  if (job.timer != 0) loop_.cancel(std::exchange(job.timer, 0));
  job.row.state = how;
  if (job.row.ended_at == kNoTime) job.row.ended_at = loop_.wall_now();
  write_progress(job);
  jobs_.erase(job.row.job_no);
}

void LetterJobs::write_progress(Job& job) {
  job.written_at = loop_.mono_now();
  ServiceRows rows;
  rows.jobs.push_back(job.row);
  host_.write(std::move(rows), {}, [] {});
}

// ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────────────

void LetterJobs::wake(Job& job, MonoUs at) {
  if (job.timer != 0) return;
  job.timer = loop_.call_at(at, [this, job_no = job.row.job_no] {
    if (Job* due = find(job_no)) due->timer = 0;
    go_on(job_no);
  });
}

void LetterJobs::go_on(std::int64_t job_no) {
  Job* job = find(job_no);
  if (job == nullptr || job->is_reading || job->in_flight > 0) return;
  if (job->row.state == JobState::cancelled) return end(*job, JobState::cancelled);
  if (job->found.empty()) return job->is_read ? end(*job, JobState::completed) : read(*job);
  if (job->ask.discards) return discard(*job);
  const MonoUs now = loop_.mono_now();
  const std::size_t count = job->pace.take(now, std::min(job->found.size(), kTurnMax));
  if (count == 0) return wake(*job, job->pace.next(now));
  redrive(*job, count);
}

void LetterJobs::read(Job& job) {
  LetterQuery query;
  query.filter = job.ask.filter;
  query.filter.number_min = job.row.cursor + 1;
  query.page.limit = static_cast<std::int64_t>(kPageMax);
  query.page.with_total = false;
  job.is_reading = true;
  host_.find(std::move(query), guarded([this, job_no = job.row.job_no](const Result<LetterPage>& page) {
               Job* of = find(job_no);
               if (of == nullptr) return;
               of->is_reading = false;
               if (!page) {
                 host_.say("job " + std::to_string(job_no) + " waits: " + page.error().message);
                 return wake(*of, loop_.mono_now() + kReadAgain);
               }
               of->found.assign(page->rows.size(), {});
               for (std::size_t k = 0; k < page->rows.size(); ++k) of->found[k] = page->rows[k].row;
               of->is_read = page->rows.size() < kPageMax;
               go_on(job_no);
             }));
}

/// One request for each run: what a wide run has failed in is cleared at once, and not run by run of its instances.
void LetterJobs::redrive(Job& job, std::size_t count) {
  std::vector<std::vector<DeadLetterRow>> groups;
  std::map<RunNo, std::size_t> group_of;
  for (std::size_t k = 0; k < count; ++k) {
    DeadLetterRow letter = std::move(job.found.front());
    job.found.pop_front();
    job.turn_end = std::max(job.turn_end, letter.letter_no);
    const auto [at, is_new] = group_of.emplace(letter.run_no, groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(std::move(letter));
  }
  job.in_flight = groups.size();
  const std::int64_t job_no = job.row.job_no;
  const std::string why = job.ask.why;
  const Actor actor = actor_of(job.row);
  const bool takes_latest = job.ask.takes_latest;
  for (std::vector<DeadLetterRow>& group : groups) {
    RedriveLetters request;
    request.run_no = group.front().run_no;
    request.job_no = job_no;
    request.why = why;
    for (const DeadLetterRow& letter : group) request.letters.push_back({letter.letter_no, letter.instance_no, letter.epoch});
    const std::string latest_of = takes_latest ? group.front().dag_id : std::string();
    host_.redrive(std::move(request), latest_of, actor,
                  guarded([this, job_no, group = std::move(group)](const Result<std::size_t>& how) {
                    answered(job_no, group, how);
                  }));
  }
}

void LetterJobs::answered(std::int64_t job_no, const std::vector<DeadLetterRow>& letters,
                          const Result<std::size_t>& how) {
  Job* job = find(job_no);
  if (job == nullptr) return;
  const bool is_busy = !how && how.error().kind == ErrorKind::busy;
  if (how) job->row.done += static_cast<std::int64_t>(*how);
  if (is_busy) job->again.insert(job->again.end(), letters.begin(), letters.end());
  if (!how && !is_busy) {
    job->row.failed += static_cast<std::int64_t>(letters.size());
    job->row.note = "letter " + std::to_string(letters.front().letter_no) + ": " + how.error().message;
  }
  if (--job->in_flight == 0) turn_ended(*job);
}

void LetterJobs::turn_ended(Job& job) {
  const MonoUs now = loop_.mono_now();
  const std::int64_t job_no = job.row.job_no;
  if (!job.again.empty()) {
    std::sort(job.again.begin(), job.again.end(),
              [](const DeadLetterRow& a, const DeadLetterRow& b) { return a.letter_no < b.letter_no; });
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
void LetterJobs::discard(Job& job) {
  ServiceRows rows;
  const WallUs now = loop_.wall_now();
  for (const DeadLetterRow& letter : job.found) {
    rows.letter_closings.push_back({letter.run_no, letter.instance_no, letter.epoch, LetterState::discarded, now,
                                    job.row.actor, job.row.job_no});
  }
  job.row.done += static_cast<std::int64_t>(job.found.size());
  job.row.cursor = job.found.back().letter_no;
  AuditRow audit = audit_row(actor_of(job.row), "discard_dead_letters", RunRow{}, job.ask.why, now);
  audit.before_json = to_json(Value(ValueMap{{"count", static_cast<std::int64_t>(job.found.size())},
                                             {"from", job.found.front().letter_no},
                                             {"to", job.found.back().letter_no},
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
