#include "tests/sim/shares.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::sim {
namespace {

constexpr std::size_t kWindowsMax = 16;
constexpr DurationUs kLateUs = 2 * kSecond;  // what may start is not looked for sooner than that after it may

bool is_retry(const Instance& instance) { return instance.failures > 0 || instance.losses > 0; }

}  // namespace

void Shares::look(Scheduler& scheduler) {
  if (!workload_.is_crowded) return;
  if (scheduler.process() != process_) {  // what an earlier one was owed is not owed any more
    process_ = scheduler.process();
    begun_at_ = ground_.loop.now();
    seen_.clear();
    windows_.clear();
    tries_.clear();  // what a budget has counted is not kept
    count(scheduler, true);
    return;
  }
  check_windows(count(scheduler, false));
}

Shares::Look Shares::count(Scheduler& scheduler, bool is_first) {
  Look look;
  for (const RunNo run_no : scheduler.runs()) {
    const DagRun* run = scheduler.engine().run(run_no);
    if (run == nullptr || run->row.dag_id.front() != 'e') continue;
    for (std::size_t i = 0; i < run->instances.size(); ++i) {
      const auto number = static_cast<InstanceNo>(i);
      const Instance& instance = run->instances[i];
      const bool waits = instance.state == TaskState::scheduled && instance.wait != Wait::commit;
      if (waits) look.waiting[run->row.dag_id] = run->dag->weight;
      if (waits && instance.wait == Wait::pool) look.stands[run->row.dag_id] = run->dag->weight;
      // One that is seen for the first time and lives has begun with the run that it is of, just now.
      const bool has_just_begun = !is_first && is_live(instance.state);
      const Seen before{instance.epoch - (has_just_begun ? 1 : 0), is_retry(instance)};
      Seen& seen = seen_.try_emplace({run_no, number}, before).first->second;
      if (instance.epoch > seen.epoch) {
        ++look.granted[run->row.dag_id];
        note_start(run->key_of(number), seen.is_retry);
      }
      seen = {instance.epoch, is_retry(instance)};
    }
  }
  return look;
}

void Shares::note_start(const AttemptKey& key, bool is_retry) {
  const MonoUs now = ground_.loop.now();
  const PoolSpec& pool = workload_.pools.back();
  if (pool.rate.is_set()) {  // less than one a second: it holds one, over restarts too
    const DurationUs between = pool.rate.per_us / pool.rate.starts;
    if (last_start_ && now - *last_start_ < between) {
      ground_.findings.fail("RATE", fmt::format("{} starts {} us after the last, and the rate is {}", text_of(key),
                                                now - *last_start_, to_string(pool.rate)));
    }
    last_start_ = now;
  }
  tries_.emplace_back(now, is_retry);
  while (tries_.front().first <= now - kMinute) tries_.pop_front();
  if (pool.retry_millionths == 0 || !is_retry) return;
  const auto retries = std::count_if(tries_.begin(), tries_.end(), [](const auto& one) { return one.second; });
  const auto firsts = static_cast<std::int64_t>(tries_.size()) - retries;
  if (retries > std::max<std::int64_t>(firsts * pool.retry_millionths / 1'000'000, 10)) {
    ground_.findings.fail("S15", fmt::format("{} is one of {} retries within a minute of {} first tries", text_of(key),
                                             retries, firsts));
  }
}

/// ⌊n·w/W⌋ − 1, W being the weight of all who have waited in that stretch.
void Shares::check_window(const std::string& dag, Window& window, const Look& look, std::int64_t granted) {
  const auto own = look.granted.find(dag);
  window.grants += granted;
  window.own += own == look.granted.end() ? 0 : own->second;
  for (const auto& [other, n] : look.granted) window.weights.try_emplace(other, 1);
  for (const auto& [other, weight] : look.waiting) window.weights[other] = weight;
  std::int64_t all = 0;
  for (const auto& [other, weight] : window.weights) all += weight;
  const std::int64_t least = window.grants * window.weights[dag] / std::max<std::int64_t>(all, 1) - 1;
  if (window.own >= least) return;
  ground_.findings.fail("INV-15", fmt::format("DAG {} waits through {} grants, should have {} of them and has {}", dag,
                                              window.grants, least, window.own));
}

void Shares::check_windows(const Look& look) {
  std::int64_t granted = 0;
  for (const auto& [dag, n] : look.granted) granted += n;
  std::erase_if(windows_, [&](const auto& one) { return !look.stands.contains(one.first); });
  for (auto& [dag, windows] : windows_) {
    for (Window& window : windows) check_window(dag, window, look, granted);
  }
  // What one that comes back is given out of turn would not be seen over the whole of another's wait.
  const auto stands_anew = [&](const auto& one) { return !windows_.contains(one.first); };
  if (std::ranges::none_of(look.stands, stands_anew)) return;
  for (const auto& [dag, weight] : look.stands) {
    std::deque<Window>& windows = windows_[dag];
    windows.push_back(Window{0, 0, look.waiting});
    if (windows.size() > kWindowsMax) windows.erase(windows.begin() + 1);  // the longest one stays
  }
}

bool Shares::lets_start(const Instance& instance) const {
  const PoolSpec& pool = workload_.pools.back();
  if (pool.retry_millionths != 0 && is_retry(instance)) return false;  // it may have to wait for others' minute
  if (!pool.rate.is_set()) return true;
  const MonoUs first = std::max(begun_at_, last_start_.value_or(begun_at_));
  return ground_.loop.now() - first >= pool.rate.per_us / pool.rate.starts + kLateUs;
}

}  // namespace baton::sim
