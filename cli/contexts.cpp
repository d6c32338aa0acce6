#include "cli/contexts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "cli/server_client.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

fs::path file_of_contexts() {
  const std::string config = variable("XDG_CONFIG_HOME");
  const fs::path base = config.empty() ? fs::path(variable("HOME")) / ".config" : fs::path(config);
  return base / "baton" / "contexts.json";
}

Error cannot(const char* what, const fs::path& path) {
  return {std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(errno), ErrorKind::storage};
}

}  // namespace

const Context* Contexts::find(std::string_view name) const {
  const auto at = std::ranges::find(all, name, &Context::name);
  return at == all.end() ? nullptr : &*at;
}

Result<Contexts> load_contexts() {
  const fs::path path = file_of_contexts();
  std::error_code error;
  if (!fs::exists(path, error)) return Contexts{};
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return cannot("read", path);
  const Result<Value> document = from_json(text.str());
  const Value* list = document ? document->find("contexts") : nullptr;
  if (list == nullptr || list->type() != ValueType::list) {
    return Error{path.string() + " holds no contexts: mend it, or take it away", ErrorKind::storage};
  }
  Contexts out;
  out.current = text_member(*document, "current");
  for (const Value& one : list->as_list()) {
    out.all.push_back({text_member(one, "name"), text_member(one, "url"), text_member(one, "token_file")});
  }
  return out;
}

Status save_contexts(const Contexts& contexts) {
  const fs::path path = file_of_contexts();
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  ValueList list;
  for (const Context& one : contexts.all) {
    list.emplace_back(ValueMap{{"name", one.name}, {"url", one.url}, {"token_file", one.token_file}});
  }
  const std::string text =
      to_json(Value(ValueMap{{"current", contexts.current}, {"contexts", std::move(list)}})) + "\n";
  const fs::path fresh = path.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("write", fresh);
  const bool is_written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(fd) != 0 || !is_written || ::rename(fresh.c_str(), path.c_str()) != 0) return cannot("write", path);
  return Unit{};
}

Result<std::optional<Context>> context_of(const Arguments& arguments) {
  if (arguments.has("state")) return std::optional<Context>();
  const auto contexts = load_contexts();
  if (!contexts) return contexts.error();
  std::string name = variable("BATON_CONTEXT");
  if (name.empty()) name = contexts->current;
  if (name.empty() || name == kLocalContext) return std::optional<Context>();
  const Context* found = contexts->find(name);
  if (found == nullptr) {
    return Error{"there is no context \"" + name + "\"; `baton context ls` lists them", ErrorKind::not_found};
  }
  return std::optional(*found);
}

bool is_elsewhere(const Arguments& arguments) {
  const auto context = context_of(arguments);
  return !context || context->has_value();
}

}  // namespace baton::cli
