// Rows of what tasks ask of others and wait for: questions to persons, runs of other DAGs. Plain values, as those of
// rows.h; written in the part of the change that they tell of. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/model/attempt_key.h"
#include "scheduler/model/states.h"
#include "scheduler/model/time.h"

namespace baton {

/// How a question to a person stands. The numbers are stored.
enum class ApprovalState : std::uint8_t {
  open,       ///< its task instance is deferred, and waits for the answer
  answered,   ///< by a person
  withdrawn,  ///< the task instance waits no more: it, or its run, was stopped, marked or cleared
  expired,    ///< its deadline has passed
};
inline constexpr std::size_t kApprovalStateCount = 4;
std::string_view to_string(ApprovalState state);

/// What an approval asks, once for each attempt of its task instance.
struct ApprovalRow {
  std::int64_t approval_no = 0;   ///< given by the store
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  std::int32_t try_number = 0;
  std::string dag_id, run_id;     ///< given by the store
  std::string task_id;
  std::int32_t map_index = kUnmapped;
  std::string form_json;          ///< as ask_json() of approval.h gives it: prompt, options, params, who may answer
  std::string requester;          ///< who has triggered the run, as the audit says; given by the store, empty: nobody
  WallUs created_at = kNoTime;
  WallUs deadline = kNoTime;      ///< kNoTime: there is none
  ApprovalState state = ApprovalState::open;
  WallUs closed_at = kNoTime;     ///< not open any more
  std::string closed_by;          ///< answered: by whom
  std::string answer_json;        ///< answered, or the default that has taken its place: what its outputs are
  Reason reason = Reason::none;   ///< of the task instance's end
  std::int64_t seq = 0;           ///< given by the store
};

struct ApprovalClosingRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  ApprovalState state = ApprovalState::withdrawn;
  WallUs at = kNoTime;
  std::string by, answer_json;
  Reason reason = Reason::none;
};

/// How a run stands to the task instance that has started it. The numbers are stored.
enum class ChildState : std::uint8_t {
  awaited,  ///< the task instance is to hear of it: that it is made, or of its end
  cut,      ///< nobody waits any more: it is to be stopped
  over,     ///< nothing is owed to either
};

/// A run that a task instance has started. Unique by the attempt (run, instance, epoch): there is never a second one.
struct ChildRow {
  RunNo run_no = 0;               ///< of the parent, as the two that follow
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  RunNo child_no = 0;
  std::string dag_id, run_id;     ///< of the child
  WallUs created_at = kNoTime;
  ChildState state = ChildState::awaited;
};

struct ChildMoveRow {
  RunNo run_no = 0;
  InstanceNo instance_no = 0;
  Epoch epoch = 0;
  ChildState state = ChildState::over;
};

}  // namespace baton
