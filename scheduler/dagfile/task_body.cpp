#include "scheduler/dagfile/task_body.h"

#include <optional>
#include <utility>

#include "scheduler/expr/references.h"
#include "scheduler/expr/template.h"
#include "scheduler/json/json_pointer.h"
#include "scheduler/json/json_value.h"

namespace baton::dagfile {
namespace {

/// What a text of a body is.
enum class Role : std::uint8_t {
  text,       ///< may hold expressions
  condition,  ///< one expression with or without `${{ }}`
  script,
};

/// The last step of a place: "expect" of "/0/expect".
std::string_view last_of(std::string_view place) {
  return place.substr(place.rfind('/') + 1);
}

class BodyCompiler {
 public:
  BodyCompiler(TaskKind kind, expr::ShellKind shell, bool lenient) : kind_(kind), shell_(shell), lenient_(lenient) {}

  void walk(const Value& value, const std::string& place, int depth) {
    switch (value.type()) {
      case ValueType::string: return leaf(value.as_string(), place, depth);
      case ValueType::list: {
        std::size_t i = 0;
        for (const Value& item : value.as_list()) walk(item, place + '/' + std::to_string(i++), depth + 1);
        return;
      }
      case ValueType::map:
        if (const auto name = secret_of(value, place, depth)) {
          body_.secrets.push_back({place, *name});
          return;
        }
        for (const auto& [key, item] : value.as_map()) {
          walk(item, place + '/' + pointer_step(key.as_string()), depth + 1);
        }
        return;
      case ValueType::null:
      case ValueType::boolean:
      case ValueType::integer:
      case ValueType::floating:
      case ValueType::timestamp:
      case ValueType::duration: return;
    }
  }

  [[nodiscard]] bool has_failed() const { return has_failed_; }
  TaskBody take() { return std::move(body_); }

 private:
  [[nodiscard]] Role role_of(std::string_view place, int depth) const {
    if (kind_ != TaskKind::checks || depth != 2) return Role::text;
    const std::string_view key = last_of(place);
    return key == "expect" ? Role::condition : key == "run" ? Role::script : Role::text;
  }
  /// Headers of requests are the only values of a body that may be secrets.
  [[nodiscard]] bool takes_secret(std::string_view place, int depth) const {
    return kind_ == TaskKind::http && depth == 2 && place.starts_with("/headers/");
  }
  [[nodiscard]] std::optional<std::string> secret_of(const Value& value, std::string_view place, int depth) const {
    if (!takes_secret(place, depth) || value.as_map().size() != 1) return std::nullopt;
    const Value* const name = value.find("secret");
    if (name == nullptr || name->type() != ValueType::string) return std::nullopt;
    return name->as_string();
  }

  void leaf(const std::string& source, const std::string& place, int depth) {
    const Role role = role_of(place, depth);
    if (role == Role::condition) return condition(source, place);
    if (!expr::has_expression(source)) return;
    if (role == Role::script) return script(source, place);
    auto parsed = expr::parse_template(source);
    if (!parsed.ok()) return fail();
    auto compiled = std::make_shared<const expr::Template>(std::move(parsed.value));
    const auto name = takes_secret(place, depth) ? expr::secret_named(compiled->single()) : std::nullopt;
    if (name) {
      body_.secrets.push_back({place, *name});
    } else {
      body_.texts.push_back({place, {source, std::move(compiled)}});
    }
  }
  void condition(const std::string& source, const std::string& place) {
    auto parsed = expr::parse_bare_or_template(source);
    if (!parsed) return fail();
    auto compiled = std::make_shared<const expr::Template>(expr::Template::of(*std::move(parsed), source.size()));
    body_.texts.push_back({place, {source, std::move(compiled)}});
  }
  void script(const std::string& source, const std::string& place) {
    auto parsed = expr::parse_shell_template(source, shell_);
    if (!parsed.ok()) return fail();
    auto compiled = std::make_shared<const expr::ShellTemplate>(std::move(parsed.value));
    body_.scripts.push_back({place, {source, std::move(compiled)}});
  }
  void fail() { has_failed_ = has_failed_ || !lenient_; }

  TaskKind kind_;
  expr::ShellKind shell_;
  bool lenient_;
  bool has_failed_ = false;
  TaskBody body_;
};

}  // namespace

Result<TaskBody> compile_body(TaskKind kind, std::string json, expr::ShellKind shell, bool lenient) {
  // The depth of what a DAG file may nest, and no limit of its own on the size: the file had one.
  const auto written = from_json(json, kExactJsonLimits);
  if (!written) return written.error();
  BodyCompiler compiler(kind, shell, lenient);
  compiler.walk(*written, "", 0);
  if (compiler.has_failed()) return Error{"an expression in the body of the task cannot be read", ErrorKind::storage};
  TaskBody body = compiler.take();
  body.json = std::move(json);
  return body;
}

}  // namespace baton::dagfile
