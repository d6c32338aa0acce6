#include "scheduler/dagfile/loader.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "scheduler/dagfile/dag_reader.h"
#include "scheduler/dagfile/odd_spaces.h"
#include "scheduler/dagfile/yaml_reader.h"
#include "scheduler/digest/digest.h"

namespace baton {
namespace {

using dagfile::Document;
using dagfile::Node;
using dagfile::Reporter;
using dagfile::SourceText;

/// Positions are 32-bit, and yaml-cpp's marks are ints.
constexpr std::int64_t kBytesMax = std::int64_t{1} << 30;

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string size_text(std::int64_t bytes) {
  if (bytes % (1 << 20) == 0) return std::to_string(bytes >> 20) + " MiB";
  return std::to_string(bytes) + " bytes";
}

bool same_file_content(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

Diagnostic file_finding(const std::string& name, Rule rule, const std::string& message) {
  Diagnostic d;
  d.file = name;
  d.rule = to_string(rule);
  d.message = message;
  return d;
}

std::string folder_of(const std::string& name) {
  std::error_code failed;
  const auto path = std::filesystem::absolute(std::filesystem::path(name), failed);
  return failed ? std::string() : path.parent_path().lexically_normal().string();
}

void promote_warnings(std::vector<Diagnostic>& diagnostics) {
  for (Diagnostic& d : diagnostics) {
    if (d.severity == Severity::warning) d.severity = Severity::error;
  }
}

/// A document that begins with `dag:`, or has the key elsewhere by mistake.
bool is_dag(Node root, Reporter& reporter) {
  if (!root || root.is_null()) return false;
  if (root.is_map() && root.size() > 0) {
    if (root.first().text() == "dag") return true;
    if (root.first().text() == "test") {
      reporter.note(Rule::not_a_dag, root.span(), "this document is a test and is left alone");
      return false;
    }
    for (const auto& [key, value] : dagfile::Entries(root)) {
      if (key.text() != "dag") continue;
      reporter.error(Rule::not_a_dag, key.span(), "`dag` must be the first key of the document", "move it to the top");
      return true;
    }
  }
  reporter.note(Rule::not_a_dag, root.span(), "this document does not begin with `dag:` and is left alone");
  return false;
}

/// Commands choose a DAG of a file by its id. `seen` holds the ids of the documents before.
void refuse_known_id(Node id, std::vector<Node>& seen, Reporter& reporter) {
  const auto first = std::find_if(seen.begin(), seen.end(), [&](Node n) { return n.text() == id.text(); });
  if (first == seen.end()) {
    seen.push_back(id);
    return;
  }
  reporter.error(Rule::duplicate_id, id.span(),
                 "the id " + dagfile::in_quotes(id.text()) + " is taken by the document in line " +
                     std::to_string(reporter.source().line_of(first->span().begin)));
}

/// `rule`: which one a failure belongs to.
Result<std::string> read_regular_file(const std::string& path, std::int64_t bytes_max, Rule& rule) {
  rule = Rule::file_unreadable;
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  const auto failed = [&] { return Error{"cannot read the file: " + std::string(std::strerror(errno))}; };
  if (file.get() < 0) return failed();
  struct stat before {};
  if (::fstat(file.get(), &before) != 0) return failed();
  if (!S_ISREG(before.st_mode)) {
    return Error{S_ISDIR(before.st_mode) ? "this is a folder, not a file" : "this is not a regular file"};
  }
  if (before.st_size > std::min(bytes_max, kBytesMax)) {
    rule = Rule::file_too_large;
    return Error{"the file has " + size_text(before.st_size) + ", more than the limit of " +
                     size_text(std::min(bytes_max, kBytesMax)) + " (limits.file in baton.yaml)"};
  }
  std::string text(static_cast<std::size_t>(before.st_size) + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + length, text.size() - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed();
    if (n == 0) break;
    length += static_cast<std::size_t>(n);
  }
  struct stat after {};
  if (::fstat(file.get(), &after) != 0) return failed();
  if (length != static_cast<std::size_t>(before.st_size) || !same_file_content(before, after)) {
    rule = Rule::file_changed;
    return Error{"the file changed while it was read; try again"};
  }
  text.resize(length);
  return text;
}

}  // namespace

Result<std::string> read_regular_file(const std::string& path, std::int64_t bytes_max) {
  Rule ignored = Rule::file_unreadable;
  return read_regular_file(path, bytes_max, ignored);
}

LoadResult load_text(std::string text, const std::string& name, const LoadOptions& options) {
  LoadResult result;
  if (text.size() > static_cast<std::size_t>(std::min(options.config.max_file_bytes, kBytesMax))) {
    result.diagnostics.push_back(
        file_finding(name, Rule::file_too_large, "the text has " + size_text(static_cast<std::int64_t>(text.size())) +
                                ", more than the limit of " + size_text(options.config.max_file_bytes)));
    return result;
  }
  result.source_sha256 = sha256_hex(text);
  SourceText source(name, std::move(text));
  Reporter reporter(source);
  if (dagfile::check_characters(reporter)) {
    dagfile::YamlLimits limits;
    limits.depth_max = options.config.max_depth;
    const std::vector<Document> documents = dagfile::read_yaml(reporter, limits);
    std::vector<Node> ids;
    for (const Document& document : documents) {
      const Node root = document.root();
      const std::size_t errors_before = reporter.error_count();
      if (!is_dag(root, reporter)) continue;
      if (const Node id = root.find("dag"); id && id.is_scalar()) {
        result.ids.push_back({std::string(id.text()), reporter.finding(Severity::error, Rule::duplicate_id, id.span())});
        refuse_known_id(id, ids, reporter);
      }
      auto dag = dagfile::DagReader(root, options.config, reporter).read(name, folder_of(name));
      if (dag && reporter.error_count() == errors_before && !document.is_broken())
        result.dags.push_back(std::move(dag));
    }
  }
  if (reporter.error_count() > 0) dagfile::name_odd_spaces(reporter);
  result.diagnostics = reporter.take();
  // What a large file left free goes back to the system, or a run would carry it to its end.
  constexpr std::size_t kLargeBytes = std::size_t{8} << 20U;
  if (source.text().size() > kLargeBytes) ::malloc_trim(0);
  if (options.warnings_are_errors) promote_warnings(result.diagnostics);
  result.source = source.release();
  return result;
}

std::vector<Diagnostic> shared_ids(std::span<const FoundId> ids) {
  std::unordered_map<std::string_view, std::vector<const FoundId*>> by_id;
  for (const FoundId& found : ids) by_id[found.id].push_back(&found);
  std::vector<Diagnostic> out;
  for (const FoundId& found : ids) {
    const std::vector<const FoundId*>& all = by_id[found.id];
    const auto other =
        std::find_if(all.begin(), all.end(), [&](const FoundId* one) { return one->at.file != found.at.file; });
    if (other == all.end()) continue;
    Diagnostic& d = out.emplace_back(found.at);
    d.rule = to_string(Rule::duplicate_id);  // the place of one that is known from the store alone has none
    d.message = "the id " + dagfile::in_quotes(found.id) + " is also that of " + (*other)->at.file + ":" +
                std::to_string((*other)->at.line);
    d.hint = "give one of them another id; two DAGs of one id would share their runs";
  }
  return out;
}

LoadResult load_file(const std::string& path, const LoadOptions& options) {
  Rule rule{};
  auto text = read_regular_file(path, options.config.max_file_bytes, rule);
  if (!text) {
    LoadResult result;
    result.diagnostics.push_back(file_finding(path, rule, text.error().message));
    return result;
  }
  return load_text(std::move(text).value(), path, options);
}

}  // namespace baton
