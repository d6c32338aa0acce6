#include "cli/why_run.h"

#include "cli/server_client.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "cli/text/style.h"
#include "scheduler/insight/run_wait.h"
#include "scheduler/store/state_folder.h"

namespace baton::cli {
namespace {

using insight::WaitReason;
using text::Ink;

std::vector<std::string> texts_member(const Value& object, std::string_view name) {
  std::vector<std::string> out;
  const Value* found = object.find(name);
  if (found == nullptr || found->type() != ValueType::list) return out;
  for (const Value& one : found->as_list()) {
    if (one.type() == ValueType::string) out.push_back(one.as_string());
  }
  return out;
}

/// As the server's scheduler has it.
Result<std::vector<WaitReason>> asked_reasons(const ServerClient& server, const RunRow& run) {
  const Result<Value> why = server.get(run_target(run.dag_id, run.run_id) + "/why");
  if (!why) return why.error();
  std::vector<WaitReason> out;
  const Value* reasons = why->find("reasons");
  if (reasons == nullptr || reasons->type() != ValueType::list) return out;
  for (const Value& one : reasons->as_list()) {
    out.push_back({text_member(one, "kind"), text_member(one, "text"), kNoTime, texts_member(one, "holders")});
  }
  return out;
}

Result<std::vector<WaitReason>> reasons_of_wait(OpenRun& run) {
  const auto server = run.elsewhere ? run.elsewhere : ServerClient::beside(run.folder);
  if (server) return asked_reasons(*server, run.run.row);
  insight::WaitQuestion question;
  question.run = run.run;
  question.now = now_us();
  if (const auto dag = dag_of_run(*run.reader, run.run_no)) question.limits = limits_of(**dag);
  return insight::tell_wait(*run.reader, question);
}

/// What would help, as a command of this terminal.
std::string next_for(const WaitReason& reason, const RunRow& run) {
  if (reason.kind == "nobody") return "`baton server` begins it";
  if (reason.kind == "paused") return "`baton dag resume " + run.dag_id + "` lets it go on";
  if (reason.kind == "frozen") return "`baton server thaw` lets it go on";
  if (reason.holders.empty()) return {};
  return "`baton show " + run.dag_id + "/" + reason.holders.front() + "` shows how far that is";
}

void print_reasons(const Invocation& call, const RunRow& run, const std::vector<WaitReason>& reasons) {
  const text::Style& style = call.out_style();
  std::string out = text::painted(style, run.state) + "  " + style.paint(Ink::bold, run.run_id) +
                    style.paint(Ink::dim, "  of " + run.dag_id + ", since " + text::local_time(run.queued_at)) + "\n";
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    out += "\n  " + style.paint(i == 0 ? Ink::bold : Ink::plain, reasons[i].kind) + "\n";
    out += "    " + text::printable(reasons[i].text) + "\n";
    const std::string next = next_for(reasons[i], run);
    if (!next.empty()) out += "    " + style.paint(Ink::dim, text::printable(next)) + "\n";
  }
  Invocation::print(out);
}

Value waiting_document(const RunRow& run, const std::vector<WaitReason>& reasons) {
  ValueList list;
  for (const WaitReason& reason : reasons) {
    ValueList holders;
    for (const std::string& holder : reason.holders) holders.emplace_back(holder);
    const std::string next = next_for(reason, run);
    list.push_back(text::Object()
                       .set("reason", reason.kind)
                       .set("message", reason.text)
                       .set("next", next.empty() ? Value() : Value(next))
                       .set("holders", std::move(holders))
                       .take());
  }
  return text::Object()
      .set("dag_id", run.dag_id)
      .set("dag_run_id", run.run_id)
      .set("state", to_string(run.state))
      .set("reasons", std::move(list))
      .take();
}

}  // namespace

int why_queued_run(const Invocation& call, OpenRun& run) {
  const auto reasons = reasons_of_wait(run);
  if (!reasons) return call.fail(reasons.error());
  if (call.format() == Format::table) {
    print_reasons(call, run.run.row, *reasons);
  } else {
    call.print_document(waiting_document(run.run.row, *reasons), "reasons");
  }
  return kOk;
}

std::string waiting_words(OpenRun& run) {
  const auto reasons = reasons_of_wait(run);
  return reasons && !reasons->empty() ? reasons->front().text : std::string();
}

}  // namespace baton::cli
