#include "cli/reading.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "cli/contexts.h"
#include "cli/permissions.h"
#include "cli/remote_reader.h"
#include "cli/state_lookup.h"
#include "scheduler/dagfile/canonical.h"
#include "scheduler/model/did_you_mean.h"
#include "scheduler/store/sqlite_reader.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {

Status may_read_state(const std::filesystem::path& folder) {
  const std::string database = database_path(folder).string();
  for (const std::string& path : {folder.string(), database, database + "-wal", database + "-shm"}) {
    if (Status may = may_read(path); !may) {
      return Error{may.error().message + "; read it as its owner, or name another folder with --state",
                   ErrorKind::denied};
    }
  }
  return Unit{};
}

Result<OpenState> open_state(const Arguments& arguments) {
  // Who has chosen another machine must not read, or change, what happens to lie here.
  const auto context = context_of(arguments);
  if (!context) return context.error();
  if (*context) {
    return Error{"the context \"" + (*context)->name +
                     "\" is in use, and this command works on the files of a state folder: run it where"
                     " the server runs, name a folder here with --state, or say `baton context use local`",
                 ErrorKind::invalid};
  }
  OpenState out;
  out.folder = state_folder_of(arguments);
  if (Status may = may_read_state(out.folder); !may) return may.error();
  Result<std::unique_ptr<Reader>> reader = SqliteReader::open(out.folder);
  if (!reader) {
    if (reader.error().kind != ErrorKind::not_found) return reader.error();
    return Error{"nothing has run in " + shown_path(out.folder) +
                     " yet: start with `baton run FILE`, or name another folder with --state",
                 ErrorKind::not_found};
  }
  out.reader = std::move(*reader);
  return out;
}

Result<OpenState> open_view(const Arguments& arguments) {
  const auto context = context_of(arguments);
  if (!context) return context.error();
  if (!*context) return open_state(arguments);
  auto server = ServerClient::of(arguments);
  if (!server) return server.error();
  return OpenState{{}, std::make_unique<RemoteReader>(*server), *server};
}

std::optional<ServerClient> holder_of(const OpenRun& run) {
  return run.elsewhere ? run.elsewhere : ServerClient::working_on(run.folder, run.run.row.run_id);
}

Result<OpenRun> open_run(const Invocation& call, std::size_t at) {
  Result<OpenState> state = open_view(call.args());
  if (!state) return state.error();
  OpenRun out{std::move(state->folder), std::move(state->reader), 0, {}, std::move(state->elsewhere)};
  const Result<RunNo> run_no = out.reader->find_run(call.args().at(at));
  if (!run_no && run_no.error().kind == ErrorKind::not_found) {
    return Error{run_no.error().message + "; `baton ls` lists the runs, @latest is the newest", ErrorKind::not_found};
  }
  if (!run_no) return run_no.error();
  out.run_no = *run_no;
  Result<RunView> run = out.reader->run(*run_no);
  if (!run) return run.error();
  out.run = std::move(*run);
  return out;
}

Result<std::vector<InstanceView>> all_instances(Reader& reader, RunNo run_no, const InstanceFilter& filter) {
  std::vector<InstanceView> out;
  InstanceQuery query;
  query.filter = filter;
  query.filter.run_no = run_no;
  query.page.limit = 10'000;
  query.page.with_total = false;
  while (true) {
    Result<InstancePage> got = reader.list_instances(query);
    if (!got) return got.error();
    std::move(got->rows.begin(), got->rows.end(), std::back_inserter(out));
    if (got->next.empty()) break;
    query.page.after = got->next;
  }
  order_by_task(out);
  return out;
}

Result<std::vector<InstanceView>> chosen_instances(OpenRun& run, const std::string& selector) {
  if (selector.empty()) return all_instances(*run.reader, run.run_no);
  if (selector.find('[') != std::string::npos) {
    const Result<InstanceNo> one = run.reader->find_instance(run.run_no, selector);
    if (!one) return one.error();
    Result<InstanceView> view = run.reader->instance(run.run_no, *one);
    if (!view) return view.error();
    return std::vector<InstanceView>{std::move(*view)};
  }
  InstanceFilter filter;
  filter.task_ids = {selector};
  Result<std::vector<InstanceView>> found = all_instances(*run.reader, run.run_no, filter);
  if (!found || !found->empty()) return found;
  const Result<std::vector<InstanceView>> all = all_instances(*run.reader, run.run_no);
  std::vector<std::string> ids;
  if (all) {
    for (const InstanceView& view : *all) ids.push_back(view.task_id);
  }
  return Error{"run " + run.run.row.run_id + " has no task \"" + selector + "\"" + did_you_mean_suffix(selector, ids) +
                   "; `baton show` lists its tasks",
               ErrorKind::not_found};
}

void order_by_task(std::vector<InstanceView>& instances) {
  std::ranges::stable_sort(instances, {}, [](const InstanceView& view) {
    return std::tuple(-view.row.run_no, view.row.task_no, view.row.map_index);
  });
}

Result<std::shared_ptr<const Dag>> dag_of_run(Reader& reader, RunNo run_no) {
  const Result<VersionRow> version = reader.version_of_run(run_no);
  if (!version) return version.error();
  return from_canonical(version->canonical_json, {version->source_file, version->work_folder});
}

Result<std::int64_t> number_of(const Arguments& arguments, std::string_view flag, std::int64_t otherwise,
                               std::int64_t least) {
  if (!arguments.has(flag)) return otherwise;
  const std::string text = arguments.value(flag);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < least) {
    return Error{"--" + std::string(flag) + " wants a whole number of at least " + std::to_string(least) + ", not \"" +
                     text + "\""};
  }
  return out;
}

std::string shown_path(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (error) return path.string();
  const std::string relative = path.lexically_relative(here).string();
  return !relative.empty() && relative.size() < path.string().size() ? relative : path.string();
}

std::string state_flag_of(const Arguments& arguments) {
  return arguments.has("state") ? " --state " + arguments.value("state") : std::string();
}

}  // namespace baton::cli
