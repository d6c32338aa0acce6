#include "scheduler/rehearsal/memory_store.h"

#include <utility>

namespace baton::rehearsal {

void MemoryStore::commit(Batch batch, OnCommitted done) {
  CommitDone how{CommitOutcome::durable, ++seq_, std::vector<PartVerdict>(batch.parts.size())};
  for (Part& part : batch.parts) {
    for (TryRow& row : part.tries) tries_.push_back(std::move(row));
    for (const TaskRow& row : part.instances) ended_at_[row.instance_no] = is_final(row.state) ? row.ended_at : kNoTime;
  }
  loop_.post([how = std::move(how), done = std::move(done)] { done(how); });
}

WallUs MemoryStore::ended_at(InstanceNo i) const {
  const auto at = ended_at_.find(i);
  return at == ended_at_.end() ? kNoTime : at->second;
}

Result<RunSnapshot> MemoryStore::load_run(RunNo run_no) {
  return Error{"run " + std::to_string(run_no) + " is not kept", ErrorKind::not_found};
}

void MemoryStore::find_cached(const std::string&, const std::string&, const std::string&, const std::string&, WallUs,
                              std::function<void(std::optional<CacheRow>)> done) {
  loop_.post([done = std::move(done)] { done(std::nullopt); });
}

}  // namespace baton::rehearsal
