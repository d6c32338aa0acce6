// ConfigWatch: baton.yaml while a server runs. It is looked at each second; what has changed is read off the loop and
// told. A file that is broken, or gone, changes nothing and is said; what only a restart can change is said too.
//
//   looked at ──changed──▶ read ──whole──▶ told: who holds settings takes them
//                            └─broken, gone──▶ said once; the settings stay as they were
//
// Owned by who serves; loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/dagfile/loader.h"
#include "scheduler/engine/loop.h"
#include "scheduler/model/dag.h"
#include "scheduler/service/loader_thread.h"

namespace baton {

/// By what a file is known to have changed.
struct ConfigStamp {
  bool is_there = false;
  std::int64_t size = 0, inode = 0;
  WallUs mtime = kNoTime;

  friend bool operator==(const ConfigStamp&, const ConfigStamp&) = default;
};

/// What a look at the file has found. `read`: where it is there and its stamp is another one than was known.
struct ConfigLook {
  ConfigStamp stamp;
  std::optional<ConfigResult> read;
};

/// Settings of `fresh` that act only after a restart, as they are called in the file. Pure.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& old, const Config& fresh);
/// Whether files of DAGs mean something else under `fresh`. Pure.
[[nodiscard]] bool changes_dags(const Config& old, const Config& fresh);
/// Of all that the meaning of a DAG's file hangs on beside the file: another one, and they are read anew, whether they
/// have changed or not. Pure.
[[nodiscard]] std::string dag_settings_hash(const Config& config);
[[nodiscard]] bool are_equal(const Config& one, const Config& other);

class ConfigWatch {
 public:
  using OnLooked = std::function<void(const ConfigLook&)>;
  /// Looks at the file and reads it where its stamp is not `known`; `done` comes on the loop, never from within the
  /// call.
  using Look = std::function<void(const ConfigStamp& known, OnLooked done)>;
  struct Hooks {
    std::function<void(const Config& old, const Config& fresh)> changed;
    std::function<void(const std::string& line)> say;
  };

  ConfigWatch(Loop& loop, Look look, Hooks hooks) : loop_(loop), look_(std::move(look)), hooks_(std::move(hooks)) {}
  ~ConfigWatch() { stop(); }
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  /// `config`: what was read before; a file that has changed since is found at the first look.
  void start(Config config);
  /// Idempotent.
  void stop();

  [[nodiscard]] const Config& config() const { return config_; }
  /// What is wrong with the file; empty: nothing.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  void wait();
  void looked(const ConfigLook& look);
  void take(const ConfigResult& read);
  void say_trouble(const std::string& what);

  Loop& loop_;
  const Look look_;
  const Hooks hooks_;
  Config config_;
  ConfigStamp known_;
  std::string trouble_;
  Loop::TimerId timer_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

/// A Look at `path` on `thread`. Both outlive the watch.
[[nodiscard]] ConfigWatch::Look look_at_config(Loop& loop, LoaderThread& thread, std::string path, std::string profile);

}  // namespace baton
