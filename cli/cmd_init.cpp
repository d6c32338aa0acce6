// `init`: a first DAG in a folder, with the schema that editors complete it by, and what to type next.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "scheduler/dagfile/schema.h"
#include "scheduler/host/folders.h"

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

Status make_first(const fs::path& dags) {
  std::error_code error;
  fs::create_directories(dags, error);
  if (error) return Error{"cannot make " + shown_path(dags) + ": " + error.message(), ErrorKind::denied};
  if (Status written = write_new(dags / "hello.dag.yaml", kFirstDag); !written) return written;
  const Status schema = write_new(dags / "dag.schema.json", dag_schema_json());
  const bool is_there = !schema && schema.error().kind == ErrorKind::conflict;  // it helps the same
  return is_there ? Status(Unit{}) : schema;
}

}  // namespace

int init_command(const Invocation& call) {
  const fs::path folder = made_absolute(call.args().at(0).empty() ? "." : call.args().at(0));
  const fs::path dags = folder / "dags";
  if (Status made = make_first(dags); !made) return call.fail(made.error());
  const std::string file = shown_path(dags / "hello.dag.yaml");
  const bool is_here = folder == made_absolute(".");
  Invocation::print("wrote " + file + ", and the schema by which editors complete it beside it\n\n" +
                    (is_here ? "" : "  cd " + shown_path(folder) + "\n") +
                    "  baton run dags/hello.dag.yaml       run it here and now\n"
                    "  baton server                        keep a scheduler: saved files count at once\n"
                    "  baton trigger hello -p name=you     then ask it for a run, from another terminal\n");
  return kOk;
}

}  // namespace baton::cli
