#include "cli/backfill_progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "cli/terminal.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"

namespace baton::cli {
namespace {

constexpr auto kLookPause = std::chrono::milliseconds(200);

std::int64_t count_in(const Value* counts, std::string_view name) {
  const Value* found = counts == nullptr ? nullptr : counts->find(name);
  return found != nullptr && found->type() == ValueType::integer ? found->as_int() : 0;
}

void add_count(std::string& out, std::int64_t count, const char* word) {
  if (count > 0) out += " · " + text::grouped(count) + " " + word;
}

bool is_through(const std::string& state) {
  return state == "completed" || state == "cancelled";
}

/// By how fast it went while somebody looked: an estimate by its age would count the hours in which it was paused.
std::string eta_words(std::int64_t ended, std::int64_t left, DurationUs spent_us) {
  if (ended <= 0 || left <= 0) return {};
  return " · about " + text::span(spent_us / ended * left) + " left";
}

/// One line: drawn over itself where the terminal can, else written when it has changed.
class ProgressLine {
 public:
  ProgressLine() : redraws_(can_redraw(STDERR_FILENO)) {}
  ~ProgressLine() {
    if (redraws_ && !shown_.empty()) std::fputs("\r\x1b[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  [[nodiscard]] bool redraws() const { return redraws_; }
  void show(const std::string& line) {
    if (line == shown_) return;
    shown_ = line;
    const std::string clipped = text::clip(line, terminal_size(STDERR_FILENO).columns - 1);
    std::fputs(redraws_ ? ("\r\x1b[K" + clipped).c_str() : (line + "\n").c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  const bool redraws_;
  std::string shown_;
};

}  // namespace

BackfillCounts backfill_counts(const Value& backfill) {
  const Value* runs = backfill.find("runs");
  return {count_in(runs, "queued"), count_in(runs, "running"), count_in(runs, "success"), count_in(runs, "failed"),
          count_in(&backfill, "skipped")};
}

std::string backfill_progress_words(const BackfillCounts& counts, std::int64_t total) {
  std::string out = text::grouped(counts.done());
  if (total > 0) out += " of " + text::grouped(total);
  add_count(out, counts.running, "running");
  add_count(out, counts.queued, "queued");
  add_count(out, counts.failed, "failed");
  return out;
}

Result<Value> follow_backfill(const ServerClient& server, const Invocation& call, std::int64_t backfill_no,
                              std::int64_t total) {
  const std::string target = "/api/v2/backfills/" + std::to_string(backfill_no);
  const WallUs begun = now_us();
  std::optional<BackfillCounts> at_first;
  ProgressLine line;
  while (true) {
    Result<Value> now = server.get(target);
    if (!now) return now.error();
    const std::string state = text_member(*now, "state");
    const BackfillCounts counts = backfill_counts(*now);
    if (!at_first) at_first = counts;
    if (call.format() == Format::table) {
      std::string words = "backfill " + std::to_string(backfill_no) + ": " + backfill_progress_words(counts, total);
      if (state == "paused") words += " · paused";
      const std::int64_t ended = counts.runs_ended() - at_first->runs_ended();
      if (line.redraws()) words += eta_words(ended, total - counts.done(), now_us() - begun);
      line.show(words);
    }
    if (is_through(state)) return now;
    std::this_thread::sleep_for(kLookPause);
  }
}

}  // namespace baton::cli
