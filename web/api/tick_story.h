// What became of a tick: a run, or a record with its reason; or what it waits for. Pure over the Reader; one thread, as
// that one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/engine/reader.h"
#include "scheduler/json/json_writer.h"

namespace baton::api {

struct TickStory {
  WallUs due = kNoTime;         ///< the tick that was meant, as far as it is known; a record stands for several
  std::vector<TickView> ticks;  ///< the record that it is part of; empty: it made a run, or is not decided
  std::string run_id;           ///< that it made, or that was there
  std::string text;             ///< a sentence or two for people
};

/// Of the tick at `at`, or the last one before. not_found: there is no such DAG.
Result<TickStory> tell_tick(Reader& reader, const std::string& dag_id, WallUs at);

/// Of a record: the ticks that it stands for, and why they made no run.
void tick_fields(JsonObject& out, const TickView& tick);
/// For people and programs: `paused`, `overlap`, …
std::string_view to_string(TickReason reason);
/// Why such ticks make no run, as a sentence.
std::string_view words_of(TickReason reason);

}  // namespace baton::api
