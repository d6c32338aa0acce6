#include "cli/log_printer.h"

#include <unistd.h>

#include <algorithm>

#include "cli/log_text.h"
#include "cli/terminal.h"
#include "cli/text/clock_text.h"
#include "cli/text/display_width.h"

namespace baton::cli {
namespace {

constexpr std::size_t kNameColumnsMax = 24;

}  // namespace

LogPrinter::LogPrinter(const Invocation& call, Options options)
    : call_(call),
      options_(options),
      // Who asks for colours into a pipe has a terminal at its other end.
      for_terminal_(!options.raw && (is_terminal(STDOUT_FILENO) || call.args().value("color") == "always")) {}

void LogPrinter::fit(const std::string& name) {
  columns_ = std::max(columns_, std::min(kNameColumnsMax, text::display_width(name)));
}

std::string LogPrinter::lead(const LogSource& source, const logs::LogTimes& times, std::int64_t end_offset) const {
  const text::Style& style = call_.out_style();
  std::string out;
  if (options_.names) {
    out = style.paint(text::Ink::cyan, text::pad_right(text::clip(source.name, columns_, style.unicode), columns_)) +
          style.paint(text::Ink::dim, style.unicode ? " │ " : " | ");
  }
  if (options_.timestamps) {
    const WallUs at = times.at(end_offset, source.time_if_unknown);
    out += style.paint(text::Ink::dim, for_terminal_ ? text::local_clock_with_offset(at) : text::utc_time(at)) + "  ";
  }
  return out;
}

void LogPrinter::print(const LogSource& source, const logs::LogTimes& times, const logs::Piece& piece) {
  if (piece.cut_bytes > 0) {
    if (options_.raw) {
      call_.note(text::grouped(piece.cut_bytes) + " bytes of the log of " + source.name + " were left out");
      return;
    }
    Invocation::print((open_line_of_ != nullptr ? "\n" : "") + lead(source, times, piece.end_offset) +
                      cut_words(piece.cut_bytes) + "\n");
    open_line_of_ = nullptr;
    return;
  }
  std::string shown;
  if (for_terminal_) {
    if (!line_for_terminal(piece.text, call_.out_style(), shown)) return;
  } else {
    shown = piece.text;
  }
  const bool goes_on = open_line_of_ == &source && !piece.begins_line;
  std::string out;
  if (!goes_on && open_line_of_ != nullptr && !options_.raw) out = "\n";
  if (!goes_on) out += lead(source, times, piece.end_offset);
  out += shown;
  if (piece.ends_line) out += '\n';
  Invocation::print(out);
  open_line_of_ = piece.ends_line ? nullptr : &source;
}

void LogPrinter::finish() {
  if (open_line_of_ != nullptr && (for_terminal_ || options_.names)) Invocation::print("\n");
  open_line_of_ = nullptr;
}

}  // namespace baton::cli
