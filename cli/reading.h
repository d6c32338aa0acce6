// Opening the state folder for commands that read: they work beside a run, and after its kill -9. Main thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/invocation.h"
#include "cli/server_client.h"
#include "scheduler/model/dag.h"
#include "scheduler/engine/reader.h"

namespace baton::cli {

/// denied where the folder, its database or what SQLite needs beside it may not be read.
Status may_read_state(const std::filesystem::path& folder);

struct OpenState {
  std::filesystem::path folder;  ///< absolute; empty: it lies elsewhere
  std::unique_ptr<Reader> reader;
  std::optional<ServerClient> elsewhere = {};  ///< the server of the context in use
};
/// The folder here, for commands that work on its files. Errors: not_found, with what to type, where nothing has run yet;
/// denied where the folder or its database may not be read; invalid while a context is in use, whose files are elsewhere.
Result<OpenState> open_state(const Arguments& arguments);
/// The same for commands that show: with a context in use what its server shows.
Result<OpenState> open_view(const Arguments& arguments);

struct OpenRun {
  std::filesystem::path folder;  ///< empty: it lies elsewhere
  std::unique_ptr<Reader> reader;
  RunNo run_no = 0;
  RunView run;
  std::optional<ServerClient> elsewhere = {};
};
/// The run that the positional argument `at` names, of the folder here or of the context in use.
Result<OpenRun> open_run(const Invocation& call, std::size_t at = 0);

/// Who works on a run: the server of the context, else who holds the folder. none: nobody that answers.
std::optional<ServerClient> holder_of(const OpenRun& run);

/// All task instances of a run, page by page, in the order of order_by_task().
Result<std::vector<InstanceView>> all_instances(Reader& reader, RunNo run_no, const InstanceFilter& filter = {});
/// Those that `task`, `task[index]` or `task[key]` names; all without a name. not_found says which task may be meant.
Result<std::vector<InstanceView>> chosen_instances(OpenRun& run, const std::string& selector);
/// The order of every list: newest run first, then by task as the file has them, then by map index. Instance numbers
/// are no order for people: those of a mapped task stand apart from its first one.
void order_by_task(std::vector<InstanceView>& instances);
/// The version that the run was made with.
Result<std::shared_ptr<const Dag>> dag_of_run(Reader& reader, RunNo run_no);

/// A number from a flag, at least `least`; an Error names the flag.
Result<std::int64_t> number_of(const Arguments& arguments, std::string_view flag, std::int64_t otherwise, std::int64_t least);

/// The folder as people would type it: relative where that is shorter.
std::string shown_path(const std::filesystem::path& path);
/// ` --state DIR` where --state was given, else empty.
std::string state_flag_of(const Arguments& arguments);

}  // namespace baton::cli
