// `expr`: evaluates one expression.
#include "cli/dag_lookup.h"
#include "cli/file_names.h"
#include "cli/handlers.h"
#include "cli/interval.h"
#include "cli/reading.h"
#include "cli/text/display_width.h"
#include "cli/text/document_text.h"
#include "scheduler/expr/convert.h"
#include "scheduler/expr/evaluate.h"
#include "scheduler/expr/template.h"
#include "scheduler/json/json_value.h"

namespace baton::cli {
namespace {

/// The line of the expression that `where` lies in, with a caret beneath.
std::string excerpt(const std::string& source, expr::SourceRange where, const text::Style& style) {
  const std::size_t begin = std::min<std::size_t>(where.begin, source.size());
  const std::size_t line_begin = begin == 0 ? 0 : source.rfind('\n', begin - 1) + 1;
  const std::size_t line_end = std::min(source.find('\n', begin), source.size());
  const std::string_view line = std::string_view(source).substr(line_begin, line_end - line_begin);
  const std::string_view before = line.substr(0, begin - line_begin);
  const std::size_t end = std::min<std::size_t>(std::max<std::size_t>(where.end, begin + 1), line_end);
  const std::string_view marked =
      end > begin ? std::string_view(source).substr(begin, end - begin) : std::string_view();
  std::string caret = "^";
  const std::size_t width = text::display_width(text::printable(marked));
  if (width > 1) caret.append(width - 1, '~');
  return "  " + text::printable(line) + "\n  " + std::string(text::display_width(text::printable(before)), ' ') +
         style.paint(text::Ink::bold_red, caret) + "\n";
}

int complain(const Invocation& call, const std::string& source, const expr::ExprError& error) {
  if (call.format() == Format::json) {
    call.print_document(
        text::Object().set("error", error.message).set("column", std::int64_t{error.where.begin} + 1).take());
  }
  const int code = call.fail({error.message});
  const std::string lines = excerpt(source, error.where, call.err_style());
  std::fwrite(lines.data(), 1, lines.size(), stderr);
  return code;
}

/// `--let` over the names of the file.
class LetNames : public expr::Names {
 public:
  LetNames(const expr::FixedNames& lets, const expr::Names* file, const Arguments& arguments)
      : lets_(lets), file_(file), arguments_(arguments) {}

  [[nodiscard]] Result<std::optional<Value>> lookup(std::string_view name) const override {
    Result<std::optional<Value>> found = lets_.lookup(name);
    if (!found || *found || file_ == nullptr) return found;
    return file_->lookup(name);
  }
  [[nodiscard]] Result<std::optional<expr::Resolved>> resolve(std::span<const std::string_view> path) const override {
    Result<std::optional<Value>> found = lets_.lookup(path.front());
    if (!found) return found.error();
    if (*found || file_ == nullptr) return expr::Names::resolve(path);
    return file_->resolve(path);
  }
  /// Variables are those of the state folder; where nothing has run yet there are none.
  [[nodiscard]] Result<std::optional<Value>> call(std::string_view function,
                                                  std::span<const Value> args) const override {
    if (function != "var") return expr::Names::call(function, args);
    const std::string& name = args[0].as_string();
    const auto state = open_state(arguments_);
    if (!state && state.error().kind != ErrorKind::not_found) return state.error();
    if (state) {
      NameQuery query;
      query.name.prefixes = {name};
      query.page.limit = 1;  // the name itself comes before those that it begins
      const auto page = state->reader->list_variables(query);
      if (!page) return page.error();
      if (!page->rows.empty() && page->rows.front().name == name) {
        return std::optional<Value>{Value{page->rows.front().value}};
      }
    }
    if (args.size() > 1) return std::optional<Value>{args[1]};
    return Error{"there is no variable \"" + name + "\"; `baton variable ls` lists them"};
  }

 private:
  const expr::FixedNames& lets_;
  const expr::Names* file_;
  const Arguments& arguments_;
};

Result<expr::FixedNames> lets_of(const Arguments& arguments) {
  expr::FixedNames names;
  for (const std::string& text : arguments.values("let")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return Error{"--let wants name=JSON, not \"" + text + "\""};
    Result<Value> value = from_json(std::string_view(text).substr(equals + 1));
    if (!value) {
      return Error{"--let " + text.substr(0, equals) + ": " + value.error().message + "; a text is written " +
                       text.substr(0, equals) + "='\"text\"'"};
    }
    names.set(text.substr(0, equals), std::move(*value));
  }
  return names;
}

void show(const Invocation& call, const Value& value) {
  if (call.format() == Format::json) {
    Invocation::print(to_tagged_json(value) + "\n");
    return;
  }
  if (call.format() == Format::yaml) {
    call.print_document(text::Object().set("type", to_string(value.type())).set("value", value).take());
    return;
  }
  if (value.type() == ValueType::list || value.type() == ValueType::map) {
    Invocation::print(text::json_pretty(value));
    return;
  }
  if (value.is_null()) {
    Invocation::print("null\n");
    return;
  }
  const Result<std::string> shown = expr::to_text(value);
  Invocation::print((shown ? *shown : to_json(value)) + "\n");
}

}  // namespace

int expr_command(const Invocation& call) {
  const std::string source = call.args().at(0);
  Result<expr::FixedNames> lets = lets_of(call.args());
  if (!lets) return call.fail(lets.error());

  std::optional<FileNames> file;
  if (call.args().has("file")) {
    Result<LoadedDag> loaded = load_one_dag(call, call.args().value("file"));
    if (!loaded) return call.fail(loaded.error());
    Result<FileNames> names = FileNames::make(call, std::move(*loaded));
    if (!names) return call.fail(names.error());
    file.emplace(std::move(*names));
  } else if (call.args().has("param")) {
    return call.fail({"-p sets a param of a DAG file: name the file with -f, or use --let"});
  }

  const expr::Outcome<expr::AstPtr> parsed = expr::parse_bare_or_template(source);
  if (!parsed) return complain(call, source, parsed.error());
  const expr::Outcome<Value> value = expr::evaluate(**parsed, LetNames(*lets, file ? &*file : nullptr, call.args()));
  if (!value) return complain(call, source, value.error());
  show(call, *value);
  return kOk;
}

}  // namespace baton::cli
