// JobWatch: stands between the jobs over dead letters and what carries them out, and holds what they ask for against the
// rate that somebody has set. One per scheduler.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "scheduler/service/bulk_jobs.h"
#include "tests/sim/letter_books.h"

namespace baton::sim {

class JobWatch final : public JobHost {
 public:
  JobWatch(Ground& ground, const LetterBooks& books, JobHost& host) : ground_(ground), books_(books), host_(host) {}

  void find(LetterQuery query, OnPage done) override { host_.find(std::move(query), std::move(done)); }
  void find_runs(RunQuery query, OnRuns done) override { host_.find_runs(std::move(query), std::move(done)); }
  void change(JobChange request, const std::string& latest_of, Actor actor, std::optional<IdempotencyKey> key,
              OnChanged done) override {
    if (const auto* redrive = std::get_if<RedriveLetters>(&request)) check_pace(*redrive);
    host_.change(std::move(request), latest_of, std::move(actor), std::move(key), std::move(done));
  }
  void retire(std::vector<RunDeletionRow> runs, AuditRow audit, ServiceRows more, OnGone done) override {
    host_.retire(std::move(runs), std::move(audit), std::move(more), std::move(done));
  }
  void runs_gone(const std::vector<RunNo>& runs) override { host_.runs_gone(runs); }
  void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) override {
    host_.write(std::move(rows), std::move(audit), std::move(done));
  }
  void say(const std::string& line) override { host_.say(line); }

 private:
  struct Asked {
    MonoUs at = 0;
    double count = 0;
  };
  /// In no stretch of its life more than the rate lets through, and what may have gathered in a quarter of a second.
  void check_pace(const RedriveLetters& redrive) {
    const auto ask = books_.asked().find(redrive.why);
    if (ask == books_.asked().end() || ask->second.per_second <= 0) return;
    const double rate = ask->second.per_second;
    std::vector<Asked>& all = asked_[redrive.job_no];
    all.push_back({ground_.loop.now(), static_cast<double>(redrive.letters.size())});
    double count = 0;
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
      count += one->count;
      const double span = static_cast<double>(ground_.loop.now() - one->at) / static_cast<double>(kSecond);
      if (count <= rate * span + std::max(1.0, rate / 4) + 1e-6) continue;
      return ground_.findings.fail("LETTERS", "a job redrives more letters than its rate allows");
    }
  }

  Ground& ground_;
  const LetterBooks& books_;
  JobHost& host_;
  std::map<std::int64_t, std::vector<Asked>> asked_;
};

}  // namespace baton::sim
