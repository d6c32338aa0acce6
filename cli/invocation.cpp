#include "cli/invocation.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "cli/terminal.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"

namespace baton::cli {
namespace {

constexpr std::pair<std::string_view, Format> kFormats[] = {{"table", Format::table}, {"json", Format::json},
                                                            {"jsonl", Format::jsonl}, {"yaml", Format::yaml},
                                                            {"sarif", Format::sarif}, {"github", Format::github},
                                                            {"junit", Format::junit},   {"csv", Format::csv}};

bool lists(std::string_view formats, std::string_view name) {
  while (!formats.empty()) {
    const std::size_t bar = formats.find('|');
    if (formats.substr(0, bar) == name) return true;
    if (bar == std::string_view::npos) return false;
    formats.remove_prefix(bar + 1);
  }
  return false;
}

/// Texts of others in a message (file names, notes) must not steer the terminal; line ends stay.
std::string safe_lines(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    out += text::printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

void talk(const std::string& text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

std::string Arguments::value(std::string_view flag, std::string_view otherwise) const {
  const auto found = flags.find(flag);
  return found == flags.end() || found->second.empty() ? std::string(otherwise) : found->second.back();
}

const std::vector<std::string>& Arguments::values(std::string_view flag) const {
  static const std::vector<std::string> kNone;
  const auto found = flags.find(flag);
  return found == flags.end() ? kNone : found->second;
}

Result<Format> format_of(const Command& command, const Arguments& arguments) {
  const std::string name = arguments.value("output", command.formats.substr(0, command.formats.find('|')));
  if (name.empty()) return Format::table;
  for (const auto& [known, format] : kFormats) {
    if (known == name && lists(command.formats, name)) return format;
  }
  return Error{"-o " + name + " is not a format of `baton " + std::string(command.name) + "`; choose one of " +
                   std::string(command.formats)};
}

Invocation::Invocation(const Command& command, Arguments arguments, std::vector<std::string> typed)
    : command_(command), arguments_(std::move(arguments)), typed_(std::move(typed)) {
  const Result<Format> format = format_of(command_, arguments_);
  if (format) format_ = *format;
  const std::string color = arguments_.value("color", "auto");
  out_style_ = style_for(STDOUT_FILENO, color);
  err_style_ = style_for(STDERR_FILENO, color);
}

std::size_t Invocation::out_width() const {
  return is_terminal(STDOUT_FILENO) ? terminal_size(STDOUT_FILENO).columns : 0;
}

void Invocation::print(std::string_view data) { std::fwrite(data.data(), 1, data.size(), stdout); }

void Invocation::print_document(const Value& document, std::string_view list_key) const {
  switch (format_) {
    case Format::yaml: print(text::yaml(document)); return;
    case Format::jsonl: {
      const Value* list = list_key.empty() ? &document : document.find(list_key);
      if (list != nullptr && list->type() == ValueType::list) {
        for (const Value& item : list->as_list()) print(text::json_line(item));
      } else {
        print(text::json_line(document));
      }
      return;
    }
    case Format::json:
    case Format::table:
    case Format::sarif:
    case Format::github:
    case Format::junit:
    case Format::csv: print(text::json_pretty(document)); return;
  }
}

void Invocation::warn(std::string_view text) const {
  talk(err_style_.paint(text::Ink::yellow, "warning: ") + safe_lines(text) + "\n");
}

void Invocation::note(std::string_view text) const {
  talk(err_style_.paint(text::Ink::dim, "note: ") + safe_lines(text) + "\n");
}

int Invocation::fail(const Error& error, std::string_view next) const {
  std::string out = err_style_.paint(text::Ink::bold_red, "baton: ") + safe_lines(error.message) + "\n";
  if (!next.empty()) out += err_style_.paint(text::Ink::dim, "       " + safe_lines(next)) + "\n";
  talk(out);
  return exit_code_of(error.kind);
}

WallUs now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace baton::cli
