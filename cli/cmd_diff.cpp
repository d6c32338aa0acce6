// `diff`: what changed between two runs.
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "scheduler/insight/diff.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

using insight::Change;
using insight::Side;
using text::Ink;

/// Two runs of one DAG on a server of another machine, which knows more of them than it lists.
Result<std::vector<Change>> asked_changes(const ServerClient& server, const RunRow& a, const RunRow& b) {
  const auto told = server.get(dag_target(a.dag_id) + "/diff?run=" + http::percent_encoded(a.run_id) +
                               "&other=" + http::percent_encoded(b.run_id));
  if (!told) return told.error();
  std::vector<Change> out;
  for (const Value& one : list_member(*told, "changes")) {
    out.push_back({text_member(one, "what"), text_member(one, "before"), text_member(one, "after")});
  }
  return out;
}

Result<Side> side_of(const Invocation& call, std::size_t at, std::optional<ServerClient>& elsewhere) {
  Result<OpenRun> run = open_run(call, at);
  if (!run) return run.error();
  elsewhere = run->elsewhere;
  Result<std::vector<InstanceView>> instances = all_instances(*run->reader, run->run_no);
  if (!instances) return instances.error();
  return Side{std::move(run->run), std::move(*instances)};
}

}  // namespace

int diff_command(const Invocation& call) {
  std::optional<ServerClient> elsewhere;
  const Result<Side> a = side_of(call, 0, elsewhere);
  if (!a) return call.fail(a.error());
  const Result<Side> b = side_of(call, 1, elsewhere);
  if (!b) return call.fail(b.error());
  const bool is_asked = elsewhere && a->run.row.dag_id == b->run.row.dag_id;
  const Result<std::vector<Change>> found = is_asked ? asked_changes(*elsewhere, a->run.row, b->run.row)
                                                     : Result<std::vector<Change>>(insight::diff(*a, *b));
  if (!found) return call.fail(found.error());
  const std::vector<Change>& changes = *found;
  if (call.format() != Format::table) {
    ValueList list;
    for (const Change& change : changes) {
      list.push_back(
          text::Object().set("what", change.what).set("before", change.before).set("after", change.after).take());
    }
    call.print_document(text::Object()
                            .set("before", run_object(a->run, false))
                            .set("after", run_object(b->run, false))
                            .set("changes", std::move(list))
                            .take());
    return kOk;
  }
  if (changes.empty()) {
    call.note("nothing differs that is worth a line");
    return kOk;
  }
  const text::Style& style = call.out_style();
  text::Table table(
      {{"WHAT", false, true, 16}, {a->run.row.run_id, false, true, 12}, {b->run.row.run_id, false, true, 12}});
  for (const Change& change : changes)
    table.add({text::printable(change.what), style.paint(Ink::red, text::printable(change.before)),
               style.paint(Ink::green, text::printable(change.after))});
  Invocation::print(table.render(style, call.out_width()));
  return kOk;
}

}  // namespace baton::cli
