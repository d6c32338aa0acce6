// Backups: copies of the database that a server makes by itself, by `backup` of baton.yaml. Which are there is asked of
// the folder each time, so that a restart, another server on the same folder or a person who tidies up changes nothing:
//
//   at rest ──a minute──▶ what is there? ──due──▶ copied, checked ──▶ the oldest go ──▶ at rest
//
// Owned by who serves; loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/model/dag.h"
#include "scheduler/model/result.h"

namespace baton {

/// What the service stands on. No callback comes from within its call; all come on the loop, once.
class BackupHost {
 public:
  virtual ~BackupHost() = default;
  using OnNames = std::function<void(const Result<std::vector<std::string>>&)>;
  /// The files of a folder, which is made where it does not exist.
  virtual void list(const std::string& folder, OnNames done) = 0;
  using OnDone = std::function<void(const Status&)>;
  /// A whole, checked copy of the database; an Error leaves none.
  virtual void copy_to(const std::string& folder, const std::string& name, OnDone done) = 0;
  virtual void remove(const std::string& folder, const std::vector<std::string>& names) = 0;
  virtual void say(const std::string& line) = 0;
};

/// As people are told.
struct BackupStatus {
  std::string last_name;        ///< empty: none has been made since the server began
  WallUs last_made = kNoTime;
  std::string error;            ///< of the last try; empty: it went well
};

class Backups {
 public:
  Backups(Loop& loop, BackupHost& host) : loop_(loop), host_(host) {}
  ~Backups() { stop(); }
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  void start(const BackupSettings& settings);
  /// Other settings, from now on.
  void set(const BackupSettings& settings);
  /// A copy that is under way is finished, and not heard of any more. Idempotent.
  void stop();

  [[nodiscard]] const BackupStatus& status() const { return status_; }

 private:
  void wait(DurationUs span);
  void look();
  void found(const std::vector<std::string>& names);
  void made(const std::string& name, const std::vector<std::string>& before, const Status& done);
  void failed(const Error& why);

  template <typename F>
  auto guarded(F f) {
    return [alive = is_alive_, f = std::move(f)](auto&&... args) {
      if (*alive) f(std::forward<decltype(args)>(args)...);
    };
  }

  Loop& loop_;
  BackupHost& host_;
  BackupSettings settings_;
  BackupStatus status_;
  bool is_busy_ = false;
  bool is_stopped_ = true;
  Loop::TimerId timer_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
