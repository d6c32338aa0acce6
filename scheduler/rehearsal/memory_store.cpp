#include "scheduler/rehearsal/memory_store.h"

#include <utility>

namespace baton::rehearsal {

void MemoryStore::commit(Batch batch, OnCommitted done) {
  CommitDone how{CommitOutcome::durable, ++seq_, std::vector<PartVerdict>(batch.parts.size())};
  for (Part& part : batch.parts) {
    for (TryRow& row : part.tries) tries_.push_back(std::move(row));
    for (TaskRow& row : part.instances) {
      ended_at_[row.instance_no] = is_final(row.state) ? row.ended_at : kNoTime;
      outside_tries_[row.instance_no] = std::move(row.times_json);
    }
    for (OutboxRow& row : part.service.outbox) alerts_.push_back(std::move(row));
    for (TaskStateRow& row : part.service.task_states) {
      std::erase_if(states_, [&](const TaskStateRow& old) { return old.dag_id == row.dag_id && old.name == row.name; });
      states_.push_back(std::move(row));
    }
    for (CheckRow& row : part.service.checks) checks_.push_back(std::move(row));
    for (const AssetQuarantineRow& row : part.service.quarantines) {
      if (!row.by.empty()) held_.emplace(row.asset, row.by);
      const auto holder = held_.find(row.asset);
      if (row.by.empty() && holder != held_.end() && holder->second == row.only_of) held_.erase(holder);
    }
    for (AssetEventRow& row : part.service.asset_events) asset_events_.push_back(std::move(row));
  }
  loop_.post([how = std::move(how), done = std::move(done)] { done(how); });
}

WallUs MemoryStore::ended_at(InstanceNo i) const {
  const auto at = ended_at_.find(i);
  return at == ended_at_.end() ? kNoTime : at->second;
}

WaitTimes MemoryStore::times_of(InstanceNo i) const {
  WaitTimes sum;
  const auto add = [&sum](const std::string& json) {
    const WaitTimes times = WaitTimes::from_json(json);
    for (std::size_t w = 0; w < kWaitCount; ++w) sum.add(static_cast<Wait>(w), times.of(static_cast<Wait>(w)));
  };
  for (const TryRow& row : tries_) {
    if (row.instance_no == i) add(row.times_json);
  }
  if (const auto at = outside_tries_.find(i); at != outside_tries_.end()) add(at->second);
  return sum;
}

Result<RunSnapshot> MemoryStore::load_run(RunNo run_no) {
  return Error{"run " + std::to_string(run_no) + " is not kept", ErrorKind::not_found};
}

void MemoryStore::find_cached(const std::string&, const std::string&, const std::string&, const std::string&, WallUs,
                              std::function<void(std::optional<CacheRow>)> done) {
  loop_.post([done = std::move(done)] { done(std::nullopt); });
}

}  // namespace baton::rehearsal
