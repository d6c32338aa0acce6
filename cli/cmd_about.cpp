// `help`, `version`, `completion`.

#include "cli/handlers.h"
#include "cli/help.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "cli/versions.h"
#include "scheduler/model/did_you_mean.h"

namespace baton::cli {

int help_command(const Invocation& call) {
  if (call.args().has("manual")) {
    Invocation::print(manual_page());
    return kOk;
  }
  std::string name;
  for (const std::string& word : call.args().positional) name += (name.empty() ? "" : " ") + word;
  if (const Command* command = find_command(name)) {
    Invocation::print(help_of(*command, call.out_style()));
    return kOk;
  }
  bool is_family = name.empty();
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    names.emplace_back(command.name);
    is_family = is_family || command.name.starts_with(name + " ");
  }
  if (!is_family) {
    return call.fail({"\"" + name + "\" is not a command" + did_you_mean_suffix(name, names)},
                     "`baton help` lists them all");
  }
  Invocation::print(overview(call.out_style(), name));
  return kOk;
}

int completion_command(const Invocation& call) {
  Result<std::string> script = completion_script(call.args().at(0));
  if (!script) return call.fail(script.error(), "for example: source <(baton completion bash)");
  Invocation::print(*script);
  return kOk;
}

int version_command(const Invocation& call) {
  const std::vector<LibraryVersion> libraries = library_versions();
  if (call.format() == Format::table) {
    Invocation::print("baton " BATON_VERSION "\n");
    text::Table table({{""}, {""}});
    for (const LibraryVersion& library : libraries) {
      table.add({call.out_style().paint(text::Ink::dim, library.name), library.version});
    }
    Invocation::print(table.render(call.out_style(), 0, "  "));
    return kOk;
  }
  text::Object versions;
  for (const LibraryVersion& library : libraries) versions.set(library.name, library.version);
  call.print_document(text::Object().set("version", BATON_VERSION).set("libraries", versions.take()).take());
  return kOk;
}

}  // namespace baton::cli
