#include "scheduler/host/jobs_on_engine.h"

namespace baton {

void JobsOnEngine::find(LetterQuery query, OnPage done) {
  sources_.letters(std::move(query), [alive = is_alive_, done = std::move(done)](const Result<LetterPage>& page) {
    if (*alive) done(page);
  });
}

void JobsOnEngine::find_runs(RunQuery query, OnRuns done) {
  sources_.runs(std::move(query), [alive = is_alive_, done = std::move(done)](const Result<RunPage>& page) {
    if (*alive) done(page);
  });
}

void JobsOnEngine::change(JobChange request, const std::string& latest_of, Actor actor, std::optional<IdempotencyKey> key,
                          OnChanged done) {
  if (latest_of.empty()) return ask(std::move(request), std::move(actor), std::move(key), done);
  const DagRow* dag = ticks_.dag(latest_of);
  if (dag == nullptr || dag->version.empty()) {
    const Error none{"there is no DAG \"" + latest_of + "\" any more", ErrorKind::not_found};
    return loop_.post([done, none] { done(none); });
  }
  shelf_.get(dag->dag_id, dag->version,
             [this, alive = is_alive_, request, actor, key, done](const Result<ShelvedDag>& latest) {
               if (!*alive) return;
               if (!latest) return loop_.post([done, error = latest.error()] { done(error); });
               JobChange with_latest = request;
               std::visit(
                   [&](auto& one) {
                     if constexpr (requires { one.latest; }) {
                       one.latest = latest->dag;
                       one.latest_version = latest->version;
                     }
                   },
                   with_latest);
               ask(std::move(with_latest), actor, key, done);
             });
}

void JobsOnEngine::ask(JobChange request, Actor actor, std::optional<IdempotencyKey> key, const OnChanged& done) {
  const bool is_of_letters = std::holds_alternative<RedriveLetters>(request);
  Request what = std::visit([](auto& one) -> Request { return std::move(one); }, request);
  const Status asked = host_.ask(std::move(what), std::move(actor), std::move(key),
                                 [done, is_of_letters](const Result<Answer>& how) {
                                   if (!how) return done(how.error());
                                   done(is_of_letters ? how->letters : std::size_t{how->repeated_status == 0 ? 1U : 0U});
                                 });
  if (!asked) loop_.post([done, error = asked.error()] { done(error); });
}

void JobsOnEngine::retire(std::vector<RunDeletionRow> runs, AuditRow audit, ServiceRows more, OnGone done) {
  host_.retire(std::move(runs), std::move(audit), std::move(done), std::move(more));
}

void JobsOnEngine::runs_gone(const std::vector<RunNo>& runs) {
  if (sources_.remove_files && !runs.empty()) sources_.remove_files(runs);
}

void JobsOnEngine::write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) {
  host_.engine().write({std::move(audit), [done = std::move(done)](const PartVerdict&) { done(); }, std::move(rows)});
}

void JobsOnEngine::say(const std::string& line) {
  if (sources_.say) sources_.say(line);
}

}  // namespace baton
