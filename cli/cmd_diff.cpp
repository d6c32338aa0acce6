// `diff`: what changed between two runs.
#include "cli/handlers.h"
#include "cli/reading.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "cli/views.h"
#include "scheduler/insight/diff.h"

namespace baton::cli {
namespace {

using insight::Change;
using insight::Side;
using text::Ink;

Result<Side> side_of(const Invocation& call, std::size_t at) {
  Result<OpenRun> run = open_run(call, at);
  if (!run) return run.error();
  Result<std::vector<InstanceView>> instances = all_instances(*run->reader, run->run_no);
  if (!instances) return instances.error();
  return Side{std::move(run->run), std::move(*instances)};
}

}  // namespace

int diff_command(const Invocation& call) {
  const Result<Side> a = side_of(call, 0);
  if (!a) return call.fail(a.error());
  const Result<Side> b = side_of(call, 1);
  if (!b) return call.fail(b.error());
  const std::vector<Change> changes = insight::diff(*a, *b);
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
