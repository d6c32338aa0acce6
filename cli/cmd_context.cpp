// `context add|use|ls`: servers of other machines, by name.
#include <algorithm>
#include <filesystem>

#include "cli/contexts.h"
#include "cli/handlers_server.h"
#include "cli/server_client.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "scheduler/host/folders.h"

namespace baton::cli {
namespace {

Status check_new(const Context& context) {
  const bool is_name = !context.name.empty() && context.name != kLocalContext &&
                       context.name.find_first_of(" \t\n/") == std::string::npos;
  if (!is_name) return Error{"a context's name is a word, and not \"" + std::string(kLocalContext) + "\""};
  const Result<HttpPlace> place = place_of(context.url);
  if (!place) return place.error();
  std::error_code error;
  if (context.token_file.empty() || std::filesystem::is_regular_file(context.token_file, error)) return Unit{};
  return Error{"there is no file " + context.token_file + " (--token-file)", ErrorKind::not_found};
}

}  // namespace

int context_add_command(const Invocation& call) {
  auto contexts = load_contexts();
  if (!contexts) return call.fail(contexts.error());
  Context context{call.args().at(0), call.args().at(1), ""};
  if (call.args().has("token-file")) context.token_file = made_absolute(call.args().value("token-file")).string();
  if (Status good = check_new(context); !good) return call.fail(good.error());
  std::erase_if(contexts->all, [&](const Context& old) { return old.name == context.name; });
  contexts->all.push_back(context);
  if (Status saved = save_contexts(*contexts); !saved) return call.fail(saved.error());
  call.note("`baton context use " + context.name + "` makes commands ask it");
  return kOk;
}

int context_use_command(const Invocation& call) {
  auto contexts = load_contexts();
  if (!contexts) return call.fail(contexts.error());
  const std::string name = call.args().at(0);
  if (name != kLocalContext && contexts->find(name) == nullptr) {
    return call.fail({"there is no context \"" + name + "\"", ErrorKind::not_found}, "`baton context ls` lists them");
  }
  contexts->current = name == kLocalContext ? "" : name;
  if (Status saved = save_contexts(*contexts); !saved) return call.fail(saved.error());
  return kOk;
}

int context_rm_command(const Invocation& call) {
  auto contexts = load_contexts();
  if (!contexts) return call.fail(contexts.error());
  const std::string name = call.args().at(0);
  if (contexts->find(name) == nullptr) {
    return call.fail({"there is no context \"" + name + "\"", ErrorKind::not_found}, "`baton context ls` lists them");
  }
  std::erase_if(contexts->all, [&](const Context& one) { return one.name == name; });
  if (contexts->current == name) {
    contexts->current.clear();
    call.note("commands mean the state folder here again");
  }
  if (Status saved = save_contexts(*contexts); !saved) return call.fail(saved.error());
  return kOk;
}

int context_ls_command(const Invocation& call) {
  const auto contexts = load_contexts();
  if (!contexts) return call.fail(contexts.error());
  ValueList list;
  text::Table table({{"CONTEXT", false, true, 12}, {"URL"}, {"IN USE"}});
  const auto add = [&](const std::string& name, const std::string& url, bool is_used) {
    list.push_back(text::Object().set("name", name).set("url", url).set("in_use", is_used).take());
    table.add({name, url, is_used ? "yes" : ""});
  };
  add(std::string(kLocalContext), "", contexts->current.empty());
  for (const Context& one : contexts->all) add(one.name, one.url, contexts->current == one.name);
  if (call.format() == Format::table) {
    Invocation::print(table.render(call.out_style(), call.out_width()));
    return kOk;
  }
  const auto count = static_cast<std::int64_t>(list.size());
  call.print_document(text::Object().set("contexts", std::move(list)).set("total_entries", count).take(), "contexts");
  return kOk;
}

}  // namespace baton::cli
