#include "cli/reading.h"

#include <charconv>

#include "cli/state_lookup.h"
#include "scheduler/dagfile/canonical.h"

namespace baton::cli {

Result<OpenState> open_state(const Arguments& arguments) {
  OpenState out;
  out.folder = state_folder_of(arguments);
  Result<std::unique_ptr<Reader>> reader = Reader::open(out.folder);
  if (!reader) {
    if (reader.error().kind != ErrorKind::not_found) return reader.error();
    return Error{"nothing has run in " + shown_path(out.folder) +
                     " yet: start with `baton run FILE`, or name another folder with --state",
                 ErrorKind::not_found};
  }
  out.reader = std::move(*reader);
  return out;
}

Result<OpenRun> open_run(const Invocation& call, std::size_t at) {
  Result<OpenState> state = open_state(call.args());
  if (!state) return state.error();
  OpenRun out{std::move(state->folder), std::move(state->reader), 0, {}};
  const Result<RunNo> run_no = out.reader->find_run(call.args().at(at));
  if (!run_no) return run_no.error();
  out.run_no = *run_no;
  Result<RunView> run = out.reader->run(*run_no);
  if (!run) return run.error();
  out.run = std::move(*run);
  return out;
}

Result<std::vector<InstanceView>> all_instances(Reader& reader, RunNo run_no, const InstanceFilter& filter) {
  std::vector<InstanceView> out;
  InstanceFilter page = filter;
  page.limit = 10'000;
  while (true) {
    Result<InstancePage> got = reader.list_instances(run_no, page);
    if (!got) return got.error();
    std::move(got->instances.begin(), got->instances.end(), std::back_inserter(out));
    if (got->next_after < 0) return out;
    page.after = got->next_after;
  }
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
