#include "tests/sim/behaviour.h"

#include "tests/sim/check_truth.h"

namespace baton::sim {
namespace {

constexpr std::uint64_t kTry = 100, kLook = 200, kOutput = 300, kSkip = 400;

void choose_end(Behaviour& b, Rng& rng, const TaskSpec& spec) {
  const std::int64_t p = rng.below(1000);
  if (p < 780) return;
  if (p < 850) {
    b.exit_code = 1;
  } else if (p < 890) {
    b.exit_code = 75;
  } else if (p < 910) {
    b.exit_code = 3;
  } else if (p < 930) {
    b.exit_code = 99;
  } else if (p < 950) {
    b.end = Behaviour::End::signaled;
    b.signal = 11;
  } else if (p < 975) {
    if (spec.timeout_us > 0) b.end = Behaviour::End::hangs;
  } else if (p < 985) {
    b.end = Behaviour::End::cannot_start;
  } else if (!spec.outputs.empty()) {
    b.output = "{\"n\": \"not a number\"}";
    b.output_too_large = p >= 993;
  }
}

void choose_manners(Behaviour& b, Rng& rng, const TaskSpec& spec) {
  b.ignores_term = rng.percent(15);
  b.dies_after_us = rng.log_between(kMillisecond, kSecond);
  if (b.dies_after_us >= spec.grace_us) b.dies_after_us = spec.grace_us / 2;
}

}  // namespace

std::string json_of(const OutputTruth& truth) {
  std::string out = "{\"n\":" + std::to_string(truth.n) + ",\"list\":[";
  for (std::int64_t k = 0; k < truth.items; ++k) out += (k == 0 ? "" : ",") + std::to_string(k * 10);
  return out + "]}";
}

std::uint64_t Behaviours::hash(const DiskRun& run, const InstanceKey& key, std::int32_t generation,
                               std::uint64_t salt) const {
  return hash_of({seed_, hash_text(run.row.dag_id), static_cast<std::uint64_t>(key.run_no),
                  static_cast<std::uint64_t>(key.task_no), static_cast<std::uint64_t>(key.map_index),
                  static_cast<std::uint64_t>(generation), salt});
}

OutputTruth Behaviours::output_of(const DiskRun& run, const InstanceKey& key, std::int32_t generation) const {
  std::uint64_t h = hash(run, key, generation, kOutput);
  if (run.dag->spec(key.task_no).cache) {  // what is cached depends on its key alone
    const auto k = static_cast<std::uint64_t>(params_of(seed_, key.run_no).k);
    h = hash_of({seed_, hash_text(run.row.dag_id), static_cast<std::uint64_t>(key.task_no), kOutput, k});
  }
  return {static_cast<std::int64_t>(h % 7), static_cast<std::int64_t>((h >> 8U) % 5)};
}

Behaviour Behaviours::of(const DiskRun& run, const InstanceKey& key, std::int32_t generation,
                         std::int32_t failures) const {
  const TaskSpec& spec = run.dag->spec(key.task_no);
  Rng rng(hash(run, key, generation, kTry + static_cast<std::uint64_t>(failures)));
  Behaviour b;
  if (!spec.outputs.empty()) b.output = json_of(output_of(run, key, generation));
  choose_end(b, rng, spec);
  b.takes_us = rng.percent(70) ? rng.log_between(2 * kMillisecond, 5 * kSecond) : rng.log_between(kSecond, 3 * kMinute);
  if (run.dag->schedule != nullptr && rng.percent(20)) b.takes_us = rng.log_between(kMinute, 40 * kMinute);
  // A stopped worker may be late with a time limit: what would come near it does not end by itself.
  const bool ends_itself = b.end == Behaviour::End::exits || b.end == Behaviour::End::signaled;
  if (spec.timeout_us > 0 && ends_itself && b.takes_us >= spec.timeout_us) b.end = Behaviour::End::hangs;
  choose_manners(b, rng, spec);
  const bool is_clean = b.end == Behaviour::End::exits && b.exit_code == 0;
  if (spec.kind == TaskKind::checks && is_clean) b.output = output_of_checks(seed_, run, run.at(key.task_no), failures);
  // Where what is made is checked, it is left out more often.
  const bool may_leave_out = run.dag->id.front() == 'q' && !spec.produces.empty() && is_clean;
  if (may_leave_out && hash(run, key, generation, kSkip) % 100 < 15) b.exit_code = 99;
  return b;
}

Behaviour Behaviours::of_look(const DiskRun& run, const InstanceKey& key, std::int32_t generation,
                              std::int32_t failures, std::int32_t look) const {
  const TaskSpec& spec = run.dag->spec(key.task_no);
  Rng rng(hash(run, key, generation, kLook + static_cast<std::uint64_t>(failures)));
  Behaviour b;
  const std::int64_t fate = rng.below(100);
  const std::int64_t looks = rng.between(0, 4);
  b.exit_code = 1;
  if (look >= looks) {
    if (fate < 70 || (fate >= 90 && spec.timeout_us == 0)) {
      b.exit_code = 0;
    } else if (fate < 80) {
      b.exit_code = 127;
    } else if (fate < 90) {
      b.exit_code = 99;
    }
  }
  b.takes_us = rng.log_between(2 * kMillisecond, 2 * kSecond);
  choose_manners(b, rng, spec);
  return b;
}

}  // namespace baton::sim
