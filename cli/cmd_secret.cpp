// `secret set|ls|rm`: secrets of the state folder, encrypted at rest. Through the server where there is one, so that its
// audit tells who did it; else in the folder itself, whose audit tells it too. A value is never an argument: arguments
// stand in the list of processes and in the history of the shell.
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "cli/handlers_server.h"
#include "cli/records_here.h"
#include "cli/server_client.h"
#include "cli/state_lookup.h"
#include "cli/terminal.h"
#include "cli/text/table.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/host/local/local_actor.h"
#include "scheduler/host/local/vault.h"
#include "scheduler/timetable/time_text.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

std::string secret_target(const std::string& name) { return "/api/v2/secrets/" + http::percent_encoded(name); }

/// What is typed is not shown while this lives.
class HiddenInput {
 public:
  HiddenInput() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_hidden_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~HiddenInput() {
    if (is_hidden_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  bool is_hidden_ = false;
};

/// From the file as it is; from a pipe too, but that the line break of a single line is no part of it: `echo` and people
/// write one, keys of several lines need theirs.
Result<std::string> secret_value(const Invocation& call, const std::string& name) {
  if (call.args().has("from-file")) {
    const std::string path = call.args().value("from-file");
    std::ifstream file(path, std::ios::binary);
    if (!file) return Error{"cannot read " + path, ErrorKind::not_found};
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }
  std::string text;
  if (is_terminal(STDIN_FILENO)) {
    std::fprintf(stderr, "value of %s (not shown): ", name.c_str());
    {
      const HiddenInput hidden;
      std::getline(std::cin, text);
    }
    std::fprintf(stderr, "\n");
    return text;
  }
  text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (text.ends_with('\n') && std::count(text.begin(), text.end(), '\n') == 1) text.pop_back();
  return text;
}

Result<ValueList> all_secrets(const Invocation& call) {
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return server.error();
  if (server) {
    const auto all = server->get("/api/v2/secrets");
    if (!all) return all.error();
    return list_member(*all, "secrets");
  }
  const auto kept = Vault(state_folder_of(call.args())).list();
  if (!kept) return kept.error();
  ValueList out;
  for (const Vault::Entry& one : *kept) {
    out.push_back(ValueMap{{"name", one.name},
                           {"updated_at", one.updated_at == kNoTime ? Value() : Value(timetable::format_rfc3339(one.updated_at, timetable::utc()))},
                           {"updated_by", one.updated_by.empty() ? Value() : Value(one.updated_by)}});
  }
  return out;
}

/// The audit first: nothing changes that it does not tell.
Status tell_here(const Invocation& call, const char* action, const std::string& name) {
  return write_here(call.args(), "secret", action, {{"secret", name}}, {});
}

}  // namespace

int secret_set_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  if (!dagfile::is_id(name)) {
    return call.fail(Error{"\"" + name + "\" is no name of a secret: letters, digits, \"_\", \".\" and \"-\", at most 250; "
                           "the value is asked for, or comes from standard input or --from-file",
                           ErrorKind::invalid});
  }
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  const auto value = secret_value(call, name);
  if (!value) return call.fail(value.error());
  if (value->empty()) return call.fail(Error{"the value of secret \"" + name + "\" is empty", ErrorKind::invalid});
  if (server) {
    const auto set = server->put(secret_target(name), {{"value", *value}});
    if (!set) return call.fail(set.error());
  } else {
    if (Status told = tell_here(call, "set_secret", name); !told) return call.fail(told.error());
    Vault vault(state_folder_of(call.args()));
    if (Status set = vault.set(name, *value, actor_of(getuid(), "cli").name, now_us()); !set) {
      return call.fail(set.error());
    }
  }
  call.note("secret " + name + " is set: a task gets it by `env: {NAME: {secret: " + name + "}}`");
  return kOk;
}

int secret_ls_command(const Invocation& call) {
  const auto all = all_secrets(call);
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(ValueMap{{"secrets", *all}, {"total_entries", static_cast<std::int64_t>(all->size())}}, "secrets");
    return kOk;
  }
  if (all->empty()) {
    call.note("there are no secrets here: `baton secret set NAME` makes one");
    return kOk;
  }
  text::Table table({{"SECRET"}, {"SET AT"}, {"BY"}});
  for (const Value& one : *all) {
    table.add({text_member(one, "name"), time_member(one, "updated_at"), text_member(one, "updated_by")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
  return kOk;
}

int secret_rm_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  if (server) {
    const auto gone = server->drop(secret_target(name));
    return gone ? kOk : call.fail(gone.error());
  }
  const auto all = all_secrets(call);
  if (!all) return call.fail(all.error());
  if (std::none_of(all->begin(), all->end(), [&](const Value& one) { return text_member(one, "name") == name; })) {
    return call.fail(Error{"there is no secret \"" + name + "\" here; `baton secret ls` lists them", ErrorKind::not_found});
  }
  if (Status told = tell_here(call, "delete_secret", name); !told) return call.fail(told.error());
  const Status gone = Vault(state_folder_of(call.args())).remove(name);
  return gone ? kOk : call.fail(gone.error());
}

}  // namespace baton::cli
