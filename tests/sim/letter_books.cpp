#include "tests/sim/letter_books.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/disk.h"

namespace baton::sim {
namespace {

/// What is asked so long before the last fault is through some minutes after it.
constexpr DurationUs kJobsThroughUs = 20 * kMinute;

/// By the words of docs/dag-language.md: its last try has failed, by itself, and its task wants to be kept.
bool gave_up(const DiskRun& run, const TaskRow& row) {
  const Task& task = run.dag->task(row.task_no);
  if (row.state != TaskState::failed || task.hook != Hook::none || !task.spec->dead_letter) return false;
  return row.reason != Reason::stopped && row.reason != Reason::fail_fast && row.reason != Reason::marked;
}

}  // namespace

void LetterBooks::fail(const DeadLetterRow& row, const std::string& what) {
  fail(fmt::format("letter {} of {}/{}@{} ({}): {}", row.letter_no, row.run_no, row.instance_no, row.epoch, row.task_id,
                   what));
}

void LetterBooks::take(const Part& part) {
  for (const LetterClosingRow& row : part.service.letter_closings) close(row, part);
  for (const DeadLetterRow& row : part.service.letters) put(row);
  for (const TaskRow& row : part.instances) check_instance(row, part);
  for (const TaskRow& row : part.new_instances) check_instance(row, part);
  check_redriven(part);
  for (const BulkJobRow& row : part.service.jobs) take(row);
}

void LetterBooks::close(const LetterClosingRow& row, const Part& part) {
  const auto of = of_instance_.find({row.run_no, row.instance_no});
  const bool is_redrive = row.state == LetterState::redriven;
  if (of == of_instance_.end()) {
    if (is_redrive) fail(fmt::format("{}/{}@{} is redriven and has left no letter", row.run_no, row.instance_no, row.epoch));
    return;
  }
  for (const auto& [epoch, number] : of->second) {
    if (row.epoch != 0 && epoch != row.epoch) continue;
    DeadLetterRow& letter = letters_.at(number);
    // Without a try of its own it fails at once, and is left again within the part: two may have redriven it there.
    const bool is_left_again = std::ranges::any_of(part.service.letters, [&, epoch = epoch](const DeadLetterRow& one) {
      return one.run_no == row.run_no && one.instance_no == row.instance_no && one.epoch == epoch;
    });
    if (is_redrive && letter.state == LetterState::redriven && !is_left_again) fail(letter, "it is redriven a second time");
    const bool is_let_go = letter.state == LetterState::discarded;
    if (is_redrive && is_let_go) fail(letter, "somebody has let it go, and it is redriven");
    if (letter.state != LetterState::open) {
      if (row.job_no != 0 && !is_redrive) ++jobs_[row.job_no].late;
      continue;
    }
    // As its task instance ended last: of this part nothing has been seen yet.
    const auto ended = ends_.find({row.run_no, row.instance_no});
    const bool was_tried_since = ended != ends_.end() && ended->second.epoch > epoch;
    if (is_redrive && was_tried_since) ground_.strike(Fault::letter_of_an_earlier_try);
    letter.state = row.state;
    letter.closed_at = row.at;
    letter.closed_by = row.by;
    letter.job_no = row.job_no;
    ground_.say(fmt::format("  letter {} is {}", number, to_string(row.state)));
    if (row.job_no != 0) ++jobs_[row.job_no].closed;
    if (is_redrive) ground_.strike(row.job_no == 0 ? Fault::letter_redriven : Fault::letter_redriven_by_job);
    if (row.state == LetterState::discarded) ground_.strike(Fault::letter_discarded);
    if (row.state == LetterState::resolved) ground_.strike(Fault::letter_resolved);
  }
}

/// Closes the earlier ones of its task instance. One that fails again without a try of its own has the epoch of its last
/// one: its letter is open again.
void LetterBooks::put(const DeadLetterRow& row) {
  std::map<Epoch, std::int64_t>& of = of_instance_[{row.run_no, row.instance_no}];
  for (const auto& [epoch, number] : of) {
    DeadLetterRow& letter = letters_.at(number);
    if (epoch == row.epoch || letter.state != LetterState::open) continue;
    letter.state = LetterState::superseded;
    letter.closed_at = row.failed_at;
  }
  const auto known = of.find(row.epoch);
  if (known != of.end()) {
    DeadLetterRow& letter = letters_.at(known->second);
    letter.state = LetterState::open;
    letter.reason = row.reason;
    letter.closed_at = kNoTime;
    letter.job_no = 0;
    left_at_[letter.letter_no] = ground_.loop.now();
    left_again_.insert(letter.letter_no);
    return;
  }
  DeadLetterRow letter = row;
  letter.letter_no = static_cast<std::int64_t>(letters_.size()) + 1;
  const DiskRun* run = find_run_(row.run_no);
  if (run == nullptr) return fail(letter, "its run is not there");
  letter.dag_id = run->row.dag_id;
  letter.run_id = run->row.run_id;
  letter.version = run->row.dag_version;
  ground_.say(fmt::format("  letter {} of {}/{}@{}: {}", letter.letter_no, row.run_no, row.instance_no, row.epoch,
                          to_string(row.reason)));
  ground_.strike(Fault::letter_left);
  const TaskRow& now = run->at(row.instance_no);
  if (is_final(now.state) && now.epoch == row.epoch && !gave_up(*run, now)) {
    fail(letter, fmt::format("its task instance is {} {} and has not given up", to_string(now.state), to_string(now.reason)));
  }
  of[row.epoch] = letter.letter_no;
  left_at_[letter.letter_no] = ground_.loop.now();
  letters_[letter.letter_no] = std::move(letter);
}

/// As it is now: a part may hold several rows of one instance.
void LetterBooks::check_instance(const TaskRow& row, const Part& part) {
  const DiskRun* run = find_run_(row.run_no);
  if (run == nullptr) return;
  const TaskRow& now = run->at(row.instance_no);
  const Place place{now.run_no, now.instance_no};
  const InstanceEnd end = InstanceEnd::of(now);
  const bool is_new = std::exchange(ends_[place], end) != end;
  if (is_new) ended_at_[place] = ground_.loop.now();
  if (!is_final(now.state)) return;
  const auto of = of_instance_.find(place);
  const auto name = [&] {
    return fmt::format("{}/{}@{} ({}) is {} {} and ", now.run_no, now.instance_no, now.epoch,
                       run->dag->task(now.task_no).id, to_string(now.state), to_string(now.reason));
  };
  if (gave_up(*run, now)) {
    const bool has_one = of != of_instance_.end() && of->second.contains(now.epoch);
    if (!has_one) return fail(name() + "has left no letter");
    const auto is_it = [&](const DeadLetterRow& letter) {
      return letter.run_no == now.run_no && letter.instance_no == now.instance_no && letter.epoch == now.epoch;
    };
    const auto left = std::ranges::count_if(part.service.letters, is_it);
    // Without a try it fails at once: each redrive of one part has had its end.
    const bool is_one = left == 1 || (left > 1 && !run->tries.contains({now.instance_no, now.epoch}));
    if (is_new && !is_one) return fail(name() + fmt::format("has left {} letters with its end", left));
  } else if (is_new && now.state == TaskState::failed && !run->dag->spec(now.task_no).dead_letter) {
    ground_.strike(Fault::letter_unwanted);
  }
  if (of == of_instance_.end()) return;
  for (const auto& [epoch, number] : of->second) {
    if (letters_.at(number).state != LetterState::open) continue;
    // What others have cut off says nothing of the work that was given up before: a person has the last word.
    const bool may_stand = now.state == TaskState::failed && (epoch == now.epoch || !gave_up(*run, now));
    if (!may_stand) return fail(name() + fmt::format("letter {} of it is open", number));
  }
}

/// Both the letter and its task instance, or neither.
void LetterBooks::check_redriven(const Part& part) {
  std::int64_t redriven = 0;
  for (const LetterClosingRow& row : part.service.letter_closings) {
    if (row.state != LetterState::redriven) continue;
    ++redriven;
    const DiskRun* run = find_run_(row.run_no);
    if (run == nullptr) continue;
    const TaskRow& now = run->at(row.instance_no);
    const auto is_it = [&](const DeadLetterRow& letter) {
      return letter.run_no == row.run_no && letter.instance_no == row.instance_no;
    };
    const bool fails_again = std::ranges::any_of(part.service.letters, is_it);
    if (now.state != TaskState::failed || now.epoch != row.epoch || fails_again) continue;
    fail(fmt::format("{}/{}@{} is redriven and still failed", row.run_no, row.instance_no, row.epoch));
  }
  for (const AuditRow& row : part.audit) {
    if (row.action != "redrive_dead_letters") continue;
    const std::size_t at = row.before_json.find("\"count\":");
    if (at != std::string::npos) redriven -= std::atoll(row.before_json.c_str() + at + 8);
  }
  if (redriven != 0) fail(fmt::format("{} letters more are closed than its clears have taken", redriven));
}

std::vector<OpenLetter> LetterBooks::open_of(RunNo run_no) const {
  std::vector<OpenLetter> out;
  for (auto at = of_instance_.lower_bound({run_no, 0}); at != of_instance_.end() && at->first.first == run_no; ++at) {
    for (const auto& [epoch, number] : at->second) {
      if (letters_.at(number).state == LetterState::open) out.push_back({at->first.second, epoch});
    }
  }
  return out;
}

LetterPage LetterBooks::page(const LetterQuery& query) const {
  LetterPage out;
  for (const auto& [number, letter] : letters_) {
    if (static_cast<std::int64_t>(out.rows.size()) >= query.page.limit) break;
    const LetterFilter& f = query.filter;
    const bool has_state = f.states.empty() || std::ranges::find(f.states, letter.state) != f.states.end();
    if (has_state && is_meant(f, letter)) out.rows.push_back({letter, "", ""});
  }
  return out;
}

bool LetterBooks::is_meant(const LetterFilter& filter, const DeadLetterRow& letter) {
  const auto is_one_of = [](const auto& list, const auto& what) {
    return list.empty() || std::ranges::find(list, what) != list.end();
  };
  return is_one_of(filter.dag_ids, letter.dag_id) && is_one_of(filter.task_ids, letter.task_id) &&
         is_one_of(filter.reasons, letter.reason) && is_one_of(filter.numbers, letter.letter_no) &&
         (!filter.run_no || *filter.run_no == letter.run_no) && letter.letter_no >= filter.number_min &&
         (filter.number_max == 0 || letter.letter_no <= filter.number_max);
}

void LetterBooks::accepted(std::int64_t letter_no) {
  const auto at = letters_.find(letter_no);
  if (at == letters_.end()) return fail(fmt::format("letter {} is redriven and is not there", letter_no));
  if (left_again_.contains(letter_no)) return;  // by what was heard of here, perhaps: each of them was a redrive
  if (at->second.state == LetterState::open) fail(at->second, "it was said to be redriven, and is not so on disk");
  if (++told_[letter_no] > 1) fail(at->second, "two have heard that they have redriven it");
}

// ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

void LetterBooks::take(const BulkJobRow& row) {
  Job& job = jobs_[row.job_no];
  const bool is_new = job.row.job_no == 0;
  const BulkJobRow old = std::exchange(job.row, row);
  if (is_new) {
    job.made_at = ground_.loop.now();
    ground_.strike(Fault::letter_job);
  }
  const std::string name = fmt::format("job {}", row.job_no);
  ground_.say(fmt::format("  {}: {} done, {} failed, at letter {}, {}", name, row.done, row.failed, row.cursor,
                          row.state == JobState::running     ? "running"
                          : row.state == JobState::completed ? "completed"
                                                             : "cancelled"));
  if (!is_new && old.state == JobState::completed) return fail(name + " is through, and is written again");
  if (row.cursor < old.cursor) fail(name + ": its cursor goes back");
  // What somebody else dealt with after the job had read it counts as done: it is no more what the job was asked to end.
  if (row.done > job.closed + job.late) {
    fail(name + fmt::format(" has done {} letters, and {} were closed", row.done, job.closed));
  }
  if (row.state == JobState::completed) check_through(job);
}

/// Whatever it was about, as it was when somebody asked, is dealt with: nothing is passed over but what it says.
void LetterBooks::check_through(const Job& job) {
  const auto ask = std::ranges::find_if(asks_, [&](const auto& one) {
    return job.row.filter_json.find("\"" + one.first + "\"") != std::string::npos;
  });
  if (ask == asks_.end()) return fail(fmt::format("job {} is none that somebody has asked for", job.row.job_no));
  if (job.row.failed > 0) return;  // some could not be done, and it says so
  for (const auto& [number, letter] : letters_) {
    if (letter.state != LetterState::open || !is_meant(ask->second.filter, letter)) continue;
    const DiskRun* run = find_run_(letter.run_no);
    const TaskRow& now = run->at(letter.instance_no);
    // Of no use to a redrive where it runs again; and the letter may have been left again meanwhile.
    const auto ended = ended_at_.find({letter.run_no, letter.instance_no});
    const bool stands = now.state == TaskState::failed && ended != ended_at_.end() && ended->second < job.made_at;
    const bool is_older = left_at_.at(number) < job.made_at;
    if (is_older && (stands || ask->second.discards)) {
      fail(letter, fmt::format("job {} is through and has passed it over", job.row.job_no));
    }
  }
}

void LetterBooks::fill(std::vector<BulkJobRow>& open, std::int64_t& last_no) const {
  for (const auto& [number, job] : jobs_) {
    if (job.row.job_no == 0) continue;
    last_no = number;
    if (job.row.ended_at != kNoTime) continue;
    open.push_back(job.row);
    // Counted anew: its server may have died before it could write how far it had come.
    const auto is_of_it = [job_no = job.row.job_no](const auto& one) { return one.second.job_no == job_no; };
    open.back().done = std::ranges::count_if(letters_, is_of_it);
  }
}

void LetterBooks::check_quiet() {
  for (const auto& [number, job] : jobs_) {
    const bool is_old = job.made_at < ground_.loop.now() - kJobsThroughUs;
    if (job.row.state == JobState::running && is_old) fail(fmt::format("job {} does not come to its end", number));
  }
}

}  // namespace baton::sim
