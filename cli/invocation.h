// Invocation: one command as it was typed, and how it may talk: data on stdout in the format of -o, talk on stderr.
// Made by main; the main thread's.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/text/style.h"
#include "scheduler/model/result.h"
#include "scheduler/model/time.h"
#include "scheduler/model/value.h"

namespace baton::cli {

enum class Format : std::uint8_t { table, json, jsonl, yaml, sarif, github, junit, csv };

class Invocation {
 public:
  Invocation(const Command& command, Arguments arguments, std::vector<std::string> typed);

  [[nodiscard]] const Command& command() const { return command_; }
  [[nodiscard]] const Arguments& args() const { return arguments_; }
  /// The words as typed, without the program's name.
  [[nodiscard]] const std::vector<std::string>& typed() const { return typed_; }
  [[nodiscard]] Format format() const { return format_; }

  [[nodiscard]] const text::Style& out_style() const { return out_style_; }
  [[nodiscard]] const text::Style& err_style() const { return err_style_; }
  /// Columns of stdout for tables; 0: no limit (it is no terminal).
  [[nodiscard]] std::size_t out_width() const;

  /// Data.
  static void print(std::string_view data);
  /// A document in the format of -o (json, yaml; jsonl: `items` one a line where the document has a list of them).
  void print_document(const Value& document, std::string_view list_key = {}) const;

  /// Talk: one sentence each, on stderr.
  void warn(std::string_view text) const;
  void note(std::string_view text) const;
  /// `baton: <message>` and, dimmed, what to do next; returns the error's code.
  int fail(const Error& error, std::string_view next = {}) const;

 private:
  const Command& command_;
  Arguments arguments_;
  std::vector<std::string> typed_;
  Format format_ = Format::table;
  text::Style out_style_, err_style_;
};

/// Reads -o; an Error names the formats that `command` has.
Result<Format> format_of(const Command& command, const Arguments& arguments);

/// Wall clock now.
WallUs now_us();

}  // namespace baton::cli
