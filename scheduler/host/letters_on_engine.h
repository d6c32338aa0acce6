// LettersOnEngine: what the jobs over dead letters stand on, over a Host, its ticks and a shelf of DAGs. Loop thread only,
// but for what reads; it outlives the LetterJobs that it serves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "scheduler/host/host.h"
#include "scheduler/service/dag_shelf.h"
#include "scheduler/service/dead_letters.h"
#include "scheduler/service/ticks_service.h"

namespace baton {

/// A page of dead letters, off the loop. Posts `done` to the loop, never from within the call.
using FindLetters = std::function<void(LetterQuery query, LetterHost::OnPage done)>;

class LettersOnEngine final : public LetterHost {
 public:
  /// All of these outlive it. `say`: one line for a person; may be empty.
  LettersOnEngine(Loop& loop, Host& host, TicksService& ticks, DagShelf& shelf, FindLetters find_letters,
                  std::function<void(const std::string& line)> say)
      : loop_(loop),
        host_(host),
        ticks_(ticks),
        shelf_(shelf),
        find_letters_(std::move(find_letters)),
        say_(std::move(say)) {}
  ~LettersOnEngine() override { *is_alive_ = false; }

  void find(LetterQuery query, OnPage done) override;
  void redrive(RedriveLetters request, const std::string& latest_of, Actor actor, OnRedriven done) override;
  void write(ServiceRows rows, std::vector<AuditRow> audit, std::function<void()> done) override;
  void say(const std::string& line) override;

 private:
  void ask(RedriveLetters request, Actor actor, const OnRedriven& done);

  Loop& loop_;
  Host& host_;
  TicksService& ticks_;
  DagShelf& shelf_;
  const FindLetters find_letters_;
  const std::function<void(const std::string& line)> say_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
