#include "scheduler/engine/commit_pipeline.h"

#include <utility>

#include "scheduler/model/check.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {

CommitPipeline::~CommitPipeline() {
  if (retry_ != 0) loop_.cancel(retry_);
}

void CommitPipeline::offer(bool at_once) {
  BATON_CHECK(!is_writing_);
  writing_ = take();
  is_writing_ = true;
  if (!at_once) return commit();
  store_.commit_now(writing_.batch, [this](const CommitDone& how) { ended(how); });
}

void CommitPipeline::commit() {
  store_.commit(writing_.batch, [this](const CommitDone& how) { ended(how); });
}

void CommitPipeline::ended(const CommitDone& how) {
  if (is_over_) return;
  CommitOutcome outcome = how.outcome;
  if (BATON_BUG(unknown_taken_for_durable)) {
    if (outcome == CommitOutcome::unknown) outcome = CommitOutcome::durable;
  }
  if (BATON_BUG(batch_dropped_on_full_disk)) {
    if (outcome == CommitOutcome::rolled_back) outcome = CommitOutcome::durable;
  }
  if (BATON_BUG(fenced_taken_for_durable)) {
    if (outcome == CommitOutcome::fenced) outcome = CommitOutcome::durable;
  }
  switch (outcome) {
    case CommitOutcome::durable: return durable(how);
    case CommitOutcome::rolled_back: return rolled_back();
    case CommitOutcome::fenced: return end("another process has taken over the state folder");
    case CommitOutcome::unknown: return end("writing to the state folder failed; what it holds is safe");
  }
}

void CommitPipeline::durable(const CommitDone& how) {
  is_writing_ = false;
  told_full_ = false;
  Pending done = std::exchange(writing_, Pending(0));
  for (Pending::Request& request : done.requests) {
    if (request.part < how.parts.size()) request.verdict = how.parts[request.part];
  }
  for (const Pending::Request& request : done.requests) {
    if (request.verdict.is_done() || !request.creates) continue;
    events_.creation_struck(request.run_no, request.verdict, done, next_);
  }
  events_.batch_durable(done);
}

/// The disk is full: the batch is kept, what runs goes on, and it is tried again.
void CommitPipeline::rolled_back() {
  if (!std::exchange(told_full_, true)) events_.disk_is_full();
  retry_ = loop_.call_at(loop_.mono_now() + full_retry_us_, [this] {
    retry_ = 0;
    if (!is_over_) commit();
  });
}

void CommitPipeline::end(std::string why) {
  is_over_ = true;
  events_.commits_ended(std::move(why));
}

}  // namespace baton
