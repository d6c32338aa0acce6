// `init`: a first DAG or a reference pipeline in a folder, with the schema that editors complete it by, and what to type
// next.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/templates.h"
#include "scheduler/dagfile/schema.h"
#include "scheduler/host/folders.h"
#include "scheduler/model/did_you_mean.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstDag = R"(# yaml-language-server: $schema=./dag.schema.json
dag: hello
# schedule: "0 6 * * *"          # every morning; without one it runs when somebody asks for it
params:
  name: {type: string, default: world}

tasks:
  fetch:
    outputs: {lines: int}
    run: echo '{"lines":3}' > "$BATON_OUTPUT"
  greet:
    needs: fetch
    env:
      NAME: ${{ params.name }}
      LINES: ${{ tasks.fetch.outputs.lines }}
    retries: 2
    run: |
      echo "hello, $NAME: $LINES lines were fetched"
)";

/// conflict: there is such a file. Nothing is ever written over.
Status write_new(const fs::path& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return Error{shown_path(path) + " is there already", ErrorKind::conflict};
  const std::string cause = std::strerror(errno);
  if (fd < 0) {
    const bool is_closed = errno == EACCES || errno == EPERM || errno == EROFS;
    return Error{"cannot write " + shown_path(path) + ": " + cause,
                 is_closed ? ErrorKind::denied : ErrorKind::storage};
  }
  const bool is_written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(fd) == 0 && is_written) return Unit{};
  ::unlink(path.c_str());
  return Error{"cannot write " + shown_path(path) + ": is the disk full?", ErrorKind::storage};
}

Status make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{"cannot make " + shown_path(folder) + ": " + error.message(), ErrorKind::denied};
  return Unit{};
}

/// One that is there already helps the same.
Status write_schema(const fs::path& dags) {
  const Status schema = write_new(dags / "dag.schema.json", dag_schema_json());
  return !schema && schema.error().kind == ErrorKind::conflict ? Status(Unit{}) : schema;
}

Status make_first(const fs::path& dags) {
  if (Status made = make_folder(dags); !made) return made;
  if (Status written = write_new(dags / "hello.dag.yaml", kFirstDag); !written) return written;
  return write_schema(dags);
}

int init_first(const Invocation& call, const fs::path& folder, const std::string& go_there) {
  const fs::path dags = folder / "dags";
  if (Status made = make_first(dags); !made) return call.fail(made.error());
  Invocation::print("wrote " + shown_path(dags / "hello.dag.yaml") +
                    ", and the schema by which editors complete it beside it\n\n" + go_there +
                    "  baton run dags/hello.dag.yaml       run it here and now\n"
                    "  baton server                        keep a scheduler: saved files count at once\n"
                    "  baton trigger hello -p name=you     then ask it for a run, from another terminal\n");
  return kOk;
}

/// The files of a pipeline, its DAG first; empty: there is no such pipeline.
std::vector<TemplateFile> files_of(std::string_view pipeline) {
  std::vector<TemplateFile> files;
  for (const TemplateFile& file : template_files()) {
    if (!pipeline.empty() && file.pipeline == pipeline) files.push_back(file);
  }
  const bool has_programs = std::any_of(files.begin(), files.end(), [](const TemplateFile& file) {
    return file.path.find('/') != std::string_view::npos;
  });
  if (!has_programs) return files;
  for (const TemplateFile& file : template_files()) {
    if (file.pipeline.empty()) files.push_back(file);
  }
  return files;
}

/// What a DAG file says of itself in one line.
std::string_view description_of(std::string_view yaml) {
  constexpr std::string_view kKey = "\ndescription: ";
  const std::size_t begin = yaml.find(kKey);
  if (begin == std::string_view::npos) return {};
  yaml.remove_prefix(begin + kKey.size());
  return yaml.substr(0, yaml.find('\n'));
}

int no_such_template(const Invocation& call, const std::string& name) {
  std::vector<std::string> names;
  std::string list;
  for (const TemplateFile& file : template_files()) {
    if (file.pipeline.empty() || (!names.empty() && names.back() == file.pipeline)) continue;
    names.emplace_back(file.pipeline);
    list += "\n  " + names.back() + std::string(names.back().size() < 16 ? 16 - names.back().size() : 1, ' ') +
            std::string(description_of(file.bytes));
  }
  return call.fail({"there is no template \"" + name + "\"" + did_you_mean_suffix(name, names), ErrorKind::not_found},
                   "the templates are" + list);
}

bool is_same(const fs::path& path, std::string_view bytes) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {}) == bytes;
}

/// All or nothing where something else stands in the way; what is there already as it would be written stays.
Status copy_template(const std::vector<TemplateFile>& files, const fs::path& dags) {
  std::vector<TemplateFile> missing;
  for (const TemplateFile& file : files) {
    const fs::path path = dags / file.path;
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(path, ignored))) {
      missing.push_back(file);
    } else if (!is_same(path, file.bytes)) {
      return Error{shown_path(path) + " is there already, and is another", ErrorKind::conflict};
    }
  }
  for (const TemplateFile& file : missing) {
    if (Status made = make_folder((dags / file.path).parent_path()); !made) return made;
    if (Status written = write_new(dags / file.path, file.bytes); !written) return written;
  }
  return write_schema(dags);
}

int init_template(const Invocation& call, const fs::path& folder, const std::string& go_there) {
  const std::string name = call.args().value("template");
  const std::vector<TemplateFile> files = files_of(name);
  if (files.empty()) return no_such_template(call, name);
  const fs::path dags = folder / "dags";
  if (Status copied = copy_template(files, dags); !copied) {
    return call.fail(copied.error(), "nothing is written over: name another folder, baton init DIR --template " + name);
  }
  const auto is_there = [&](const std::string& path) {
    return std::any_of(files.begin(), files.end(), [&](const TemplateFile& file) { return file.path == path; });
  };
  std::string said = "wrote " + std::to_string(files.size()) + (files.size() == 1 ? " file" : " files") + " to " +
                     shown_path(dags) + "\n\n" + go_there + "  baton run dags/" + name + ".dag.yaml\n";
  if (is_there(name + ".test.yaml")) said += "  baton test dags/" + name + ".test.yaml\n";
  if (is_there(name + "/README.md")) said += "\nwhat it shows, and what else to type: dags/" + name + "/README.md\n";
  Invocation::print(said);
  return kOk;
}

}  // namespace

int init_command(const Invocation& call) {
  const fs::path folder = made_absolute(call.args().at(0).empty() ? "." : call.args().at(0));
  const std::string go_there = folder == made_absolute(".") ? "" : "  cd " + shown_path(folder) + "\n";
  return call.args().has("template") ? init_template(call, folder, go_there) : init_first(call, folder, go_there);
}

}  // namespace baton::cli
