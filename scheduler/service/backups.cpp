#include "scheduler/service/backups.h"

#include <algorithm>
#include <utility>

#include "scheduler/service/backup_plan.h"

namespace baton {
namespace {

constexpr DurationUs kSettleUs = 2 * kSecond;  // after a start, and after new settings
constexpr DurationUs kLookForBackupUs = kMinute;   // also after a failure: a disk that was full may have room

}  // namespace

void Backups::start(const BackupSettings& settings) {
  is_stopped_ = false;
  settings_ = settings;
  wait(kSettleUs);
}

void Backups::set(const BackupSettings& settings) {
  if (settings == settings_) return;
  settings_ = settings;
  status_.error.clear();
  if (!is_stopped_) wait(kSettleUs);
}

void Backups::stop() {
  is_stopped_ = true;
  *is_alive_ = false;
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
}

void Backups::wait(DurationUs span) {
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = loop_.call_at(loop_.mono_now() + span, guarded([this] {
                           timer_ = 0;
                           look();
                         }));
}

void Backups::look() {
  wait(kLookForBackupUs);
  if (settings_.folder.empty() || is_busy_) return;
  is_busy_ = true;
  host_.list(settings_.folder, guarded([this](const Result<std::vector<std::string>>& names) {
               is_busy_ = false;
               names ? found(*names) : failed(names.error());
             }));
}

void Backups::found(const std::vector<std::string>& names) {
  const WallUs now = loop_.wall_now();
  if (settings_.folder.empty() || next_backup(settings_, names, now) > now) return;
  const std::string name = backup_name(now);
  is_busy_ = true;
  host_.copy_to(settings_.folder, name, guarded([this, name, names](const Status& done) {
                  is_busy_ = false;
                  made(name, names, done);
                }));
}

/// The oldest go only now: what fails leaves all that was there.
void Backups::made(const std::string& name, const std::vector<std::string>& before, const Status& done) {
  if (!done) return failed(done.error());
  status_ = {name, loop_.wall_now(), {}};
  std::vector<std::string> all = before;
  all.push_back(name);
  const std::vector<std::string> old = backups_to_drop(settings_, std::move(all));
  if (!old.empty()) host_.remove(settings_.folder, old);
}

/// Said once for each reason.
void Backups::failed(const Error& why) {
  if (status_.error != why.message) host_.say("no backup: " + why.message);
  status_.error = why.message;
}

}  // namespace baton
