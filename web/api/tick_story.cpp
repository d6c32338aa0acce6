#include "web/api/tick_story.h"

#include <algorithm>
#include <array>
#include <optional>

#include "web/api/fields.h"

namespace baton::api {
namespace {

struct Named {
  std::string_view name, words;
};

constexpr std::array<Named, kTickReasonCount> kReasons = {{
    {"exists", "there was a run of its logical date already"},
    {"overlap", "the DAG was busy with the runs before, and `overlap` does not queue"},
    {"paused", "the DAG was paused"},
    {"drained", "the DAG was draining"},
    {"frozen", "the server was frozen"},
    {"calendar", "its day does not count in the calendar"},
    {"blackout", "it fell into a blackout"},
    {"catchup", "it was missed, and `catchup` does not make up for it"},
    {"clock", "the clock could not be trusted"},
    {"failures", "the DAG was paused, because its runs kept failing"},
    {"waiting", "it was missed, and gets its run as soon as there is room"},
}};

Result<DagView> dag_of(Reader& reader, const std::string& dag_id) {
  DagQuery query;
  query.filter.dag_ids = {dag_id};
  const auto page = reader.list_dags(query);
  if (!page) return page.error();
  if (page->rows.empty()) return Error{"there is no DAG \"" + dag_id + "\"", ErrorKind::not_found};
  return page->rows.front();
}

/// The last run of the schedule that was due up to `at`.
Result<std::optional<RunView>> run_before(Reader& reader, const std::string& dag_id, WallUs at) {
  RunQuery query;
  query.filter.dag_ids = {dag_id};
  query.filter.types = {RunType::scheduled};
  query.filter.run_after.below = at + 1;
  query.order = {{RunField::run_after, true}};
  query.page.limit = 1;
  query.page.with_total = false;
  const auto page = reader.list_runs(query);
  if (!page) return page.error();
  return page->rows.empty() ? std::nullopt : std::optional(page->rows.front());
}

Result<std::optional<TickView>> record_before(Reader& reader, const std::string& dag_id, WallUs at) {
  TickQuery query;
  query.dag_id = dag_id;
  query.due.below = at + 1;
  query.page.limit = 1;
  const auto page = reader.list_ticks(query);
  if (!page) return page.error();
  return page->rows.empty() ? std::nullopt : std::optional(page->rows.front());
}

/// What the schedule has not come to yet: ticks of a held DAG are recorded when it goes on.
std::string undecided(const DagView& dag) {
  if (dag.stale_since != kNoTime) return "its file is gone since " + time_text(dag.stale_since) + ": it has no ticks";
  if (dag.paused_since != kNoTime) {
    return "the DAG is paused since " + time_text(dag.paused_since) + " by " + dag.paused_by +
           "; its ticks since then are recorded when it is resumed";
  }
  if (dag.draining_since != kNoTime) {
    return "the DAG is draining since " + time_text(dag.draining_since) + " by " + dag.draining_by +
           "; its ticks make no runs";
  }
  if (dag.next_tick == kNoTime) return "no tick is due: the DAG has no schedule, or that has ended";
  return "the next tick is due at " + time_text(dag.next_tick);
}

TickStory of_run(const RunView& run) {
  TickStory story;
  story.due = run.row.run_after;
  story.run_id = run.row.run_id;
  story.text = "the tick of " + time_text(story.due) + " made the run " + story.run_id + ", which is " +
               std::string(to_string(run.row.state));
  return story;
}

TickStory of_record(const TickView& record, WallUs at) {
  TickStory story;
  story.due = std::min(at, record.to);
  story.ticks = {record};
  story.run_id = record.run_id;
  const bool is_one = record.count == 1;
  story.text = (is_one ? "the tick of " + time_text(record.from)
                       : std::to_string(record.count) + " ticks from " + time_text(record.from) + " to " +
                             time_text(record.to)) +
               " made no run" + (is_one ? "" : "s") + ": " + std::string(words_of(record.reason));
  if (!record.run_id.empty()) story.text += " (" + record.run_id + ")";
  return story;
}

}  // namespace

void tick_fields(JsonObject& out, const TickView& tick) {
  time_field(out, "from", tick.from);
  time_field(out, "to", tick.to);
  out.number("count", tick.count);
  out.text("reason", to_string(tick.reason));
}

std::string_view to_string(TickReason reason) {
  return kReasons.at(static_cast<std::size_t>(reason)).name;
}

std::string_view words_of(TickReason reason) {
  return kReasons.at(static_cast<std::size_t>(reason)).words;
}

Result<TickStory> tell_tick(Reader& reader, const std::string& dag_id, WallUs at) {
  const auto dag = dag_of(reader, dag_id);
  if (!dag) return dag.error();
  const auto run = run_before(reader, dag_id, at);
  if (!run) return run.error();
  const auto record = record_before(reader, dag_id, at);
  if (!record) return record.error();
  const WallUs recorded = *record ? std::min(at, (*record)->to) : kNoTime;
  const WallUs made = *run ? (*run)->row.run_after : kNoTime;
  TickStory story;
  if (*run && (!*record || made >= recorded)) {
    story = of_run(**run);
  } else if (*record) {
    story = of_record(**record, at);
  }
  const bool is_told = story.due != kNoTime && (at == story.due || (dag->cursor != kNoTime && at <= dag->cursor));
  if (is_told) return story;
  if (dag->cursor == kNoTime && dag->next_tick == kNoTime) {
    story.text = "the DAG has no schedule, or had no tick yet";
    return story;
  }
  const std::string now = undecided(*dag);
  story.text = story.text.empty() ? now : now + "; before that, " + story.text;
  return story;
}

}  // namespace baton::api
