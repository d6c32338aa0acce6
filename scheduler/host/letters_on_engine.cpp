#include "scheduler/host/letters_on_engine.h"

namespace baton {

void LettersOnEngine::find(LetterQuery query, OnPage done) {
  find_letters_(std::move(query), [alive = is_alive_, done = std::move(done)](const Result<LetterPage>& page) {
    if (*alive) done(page);
  });
}

void LettersOnEngine::redrive(RedriveLetters request, const std::string& latest_of, Actor actor, OnRedriven done) {
  if (latest_of.empty()) return ask(std::move(request), std::move(actor), done);
  const DagRow* dag = ticks_.dag(latest_of);
  if (dag == nullptr || dag->version.empty()) {
    const Error none{"there is no DAG \"" + latest_of + "\" any more", ErrorKind::not_found};
    return loop_.post([done, none] { done(none); });
  }
  shelf_.get(dag->dag_id, dag->version,
             [this, alive = is_alive_, request, actor, done](const Result<ShelvedDag>& latest) {
               if (!*alive) return;
               RedriveLetters with_latest = request;
               if (!latest) return loop_.post([done, error = latest.error()] { done(error); });
               with_latest.latest = latest->dag;
               with_latest.latest_version = latest->version;
               ask(std::move(with_latest), actor, done);
             });
}

void LettersOnEngine::ask(RedriveLetters request, Actor actor, const OnRedriven& done) {
  const Status asked = host_.ask(std::move(request), std::move(actor), [done](const Result<Answer>& how) {
    done(how ? Result<std::size_t>(how->letters) : Result<std::size_t>(how.error()));
  });
  if (!asked) loop_.post([done, error = asked.error()] { done(error); });
}

void LettersOnEngine::write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) {
  host_.engine().write({std::move(audit), [done = std::move(done)](const PartVerdict&) { done(); }, std::move(rows)});
}

void LettersOnEngine::say(const std::string& line) {
  if (say_) say_(line);
}

}  // namespace baton
