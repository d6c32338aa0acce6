// A change of the store of a state folder that nobody works on: the folder is ours meanwhile. Main thread.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "cli/foreground.h"
#include "cli/reading.h"
#include "scheduler/loop/asio_loop.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {

/// What `change` comes to. conflict, with the way out: another process holds the folder.
template <typename Change>
auto change_folder(const OpenState& state, const std::string& command, Change change)
    -> decltype(change(std::declval<SqliteStore&>(), std::declval<AsioLoop&>())) {
  LockHolder self;
  self.command = command;
  const Result<StateFolder> own = StateFolder::own(state.folder, self);
  if (!own) return with_way_out(own.error(), state.folder.string());
  AsioLoop loop;
  StoreOptions options;
  options.inline_writer = true;
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::open_for_writing(state.folder, loop, options);
  if (!store) return store.error();
  if ((*store)->was_restored()) std::fprintf(stderr, "note: %s\n", kRestoredNotice);
  auto changed = change(**store, loop);
  (*store)->stop();
  return changed;
}

}  // namespace baton::cli
