#include "scheduler/control/redrive_letters.h"

#include <utility>

#include "scheduler/control/control.h"
#include "scheduler/control/pool_check.h"
#include "scheduler/control/task_choice.h"
#include "scheduler/engine/clear.h"
#include "scheduler/engine/recovery.h"
#include "scheduler/json/json_value.h"
#include "scheduler/model/seeded_bug.h"

namespace baton {
namespace {

constexpr std::size_t kLettersNamed = 100;

}  // namespace

std::vector<LetterRef> that_stand(const RedriveLetters& request, const DagRun& run) {
  std::vector<LetterRef> out;
  for (const LetterRef& letter : request.letters) {
    const bool is_there = letter.instance_no >= 0 && static_cast<std::size_t>(letter.instance_no) < run.instances.size();
    if (!is_there) continue;
    const Instance& instance = run.at(letter.instance_no);
    const auto open = run.open_letters.find(letter.instance_no);
    bool is_open = open != run.open_letters.end() && open->second == letter.epoch;
    if (BATON_BUG(letter_redriven_again)) is_open = true;
    if (BATON_BUG(letter_of_an_earlier_try_stays)) is_open = is_open && instance.epoch == letter.epoch;
    if (instance.state == TaskState::failed && is_open) out.push_back(letter);
  }
  return out;
}

Result<std::vector<InstanceNo>> select(const std::vector<LetterRef>& letters, const DagRun& run, bool is_with_us,
                                       const Admission& admission) {
  if (Status open = check_open_to_change(run, is_with_us); !open) return open.error();
  Selection selection;
  selection.rule = Selection::Rule::listed;
  for (const LetterRef& letter : letters) selection.instances.push_back(letter.instance_no);
  // A failure ended them, and leaves no letter of theirs: they are done again with it.
  for (std::size_t i = 0; i < run.instances.size(); ++i) {
    const Instance& instance = run.instances[i];
    const bool is_cut_off = is_final(instance.state) && instance.reason == Reason::fail_fast;
    if (is_cut_off && run.dag->task(instance.task_no).hook == Hook::none) {
      selection.instances.push_back(static_cast<InstanceNo>(i));
    }
  }
  std::vector<InstanceNo> selected = select(run, selection);
  for (const InstanceNo i : selected) {
    if (Status fits = fits_pools(*run.dag, run.at(i).task_no, admission); !fits) return fits.error();
  }
  return selected;
}

AuditRow audit_of(const RedriveLetters& request, const std::vector<LetterRef>& letters, const Actor& actor,
                  const DagRun& run, WallUs at) {
  AuditRow row = audit_row(actor, "redrive_dead_letters", run.row, request.why, at);
  if (letters.size() == 1) {
    row.task_id = run.dag->task(run.at(letters.front().instance_no).task_no).id;
    row.map_index = run.at(letters.front().instance_no).map_index;
  }
  ValueList numbers;
  for (std::size_t k = 0; k < letters.size() && k < kLettersNamed; ++k) numbers.emplace_back(letters[k].letter_no);
  ValueMap before = {{"count", static_cast<std::int64_t>(letters.size())}, {"letters", std::move(numbers)}};
  if (request.job_no != 0) before.emplace_back("job", request.job_no);
  row.before_json = to_json(Value(std::move(before)));
  return row;
}

std::vector<LetterClosingRow> closings_of(const RedriveLetters& request, const std::vector<LetterRef>& letters,
                                          const Actor& actor, WallUs at) {
  std::vector<LetterClosingRow> out;
  for (const LetterRef& letter : letters) {
    out.push_back({request.run_no, letter.instance_no, letter.epoch, LetterState::redriven, at, actor.name,
                   request.job_no});
  }
  return out;
}

void Control::change(const RedriveLetters& request, Asked& asked, const DagRun& run) {
  if (request.latest != nullptr && request.latest->version != run.dag->version) {
    return answer(asked, Error{"run \"" + run.row.run_id + "\" has not ended: another version cannot take it over now",
                               ErrorKind::conflict});
  }
  redrive(request, asked, run, nullptr);
}

void Control::change_loaded(const RedriveLetters& request, Asked& asked, LoadedRun& loaded, bool at_start) {
  const bool is_reverted = request.latest != nullptr && request.latest->version != loaded.run.dag->version;
  if (!is_reverted) {
    Taking taking{loaded, at_start, nullptr};
    return redrive(request, asked, loaded.run, &taking);
  }
  LoadedRun newer = loaded;  // `loaded` stays as it is for the next request, should this one be refused
  if (Status fits = take_version(newer.run, request.latest); !fits) return answer(asked, fits.error());
  Taking taking{newer, at_start, request.latest_version};
  redrive(request, asked, newer.run, &taking);
}

void Control::redrive(const RedriveLetters& request, Asked& asked, const DagRun& run, Taking* taking) {
  if (taking != nullptr) know_pools(*run.dag);
  const std::vector<LetterRef> letters = that_stand(request, run);
  Answer how;
  how.run_no = request.run_no;
  how.letters = letters.size();
  if (letters.empty()) {
    how.has_changed = false;
    how.state = run.row.state;
    return answer(asked, how);
  }
  auto selected = select(letters, run, is_ours(taking, request.run_no), engine_.admission());
  if (!selected) return answer(asked, selected.error());
  *selected = with_what_goes_along(run, *selected, {}, engine_.core().instances_max);
  if (taking != nullptr) {
    if (Status may = may_go_on(run, *selected); !may) return answer(asked, may.error());
  }
  how.cleared = selected->size();
  how.instances = describe(run, *selected);
  const WallUs now = loop_.wall_now();
  AuditRow audit = audit_of(request, letters, asked.actor, run, now);
  ServiceRows rows;
  if (!BATON_BUG(redrive_keeps_letters)) rows.letter_closings = closings_of(request, letters, asked.actor, now);
  carry_out(Cleared{std::move(*selected)}, std::move(audit), std::move(how), asked, taking, std::move(rows));
}

}  // namespace baton
