// `variable ls|get|set|rm|import|export`: texts that people keep by name for all DAGs, `var("name")` in an expression.
// Through the server of the state folder where there is one, else in the folder itself.
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "cli/handlers_server.h"
#include "cli/reading.h"
#include "cli/records_here.h"
#include "cli/server_client.h"
#include "cli/text/document_text.h"
#include "cli/text/table.h"
#include "scheduler/dagfile/scalar.h"
#include "scheduler/json/json_value.h"
#include "web/http/target.h"

namespace baton::cli {
namespace {

constexpr std::int64_t kPage = 100;

std::string variable_target(const std::string& name) { return "/api/v2/variables/" + http::percent_encoded(name); }

Value document_of(const VariableView& one) {
  return ValueMap{{"key", one.name},
                  {"value", one.value},
                  {"description", one.description.empty() ? Value() : Value(one.description)}};
}

/// All of them, of the server or of the folder.
Result<ValueList> all_variables(const Invocation& call) {
  ValueList out;
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return server.error();
  if (server) {
    while (true) {
      const auto page = server->get("/api/v2/variables?order_by=key&limit=" + std::to_string(kPage) +
                                    "&offset=" + std::to_string(out.size()));
      if (!page) return page.error();
      const ValueList& rows = list_member(*page, "variables");
      out.insert(out.end(), rows.begin(), rows.end());
      if (rows.size() < static_cast<std::size_t>(kPage)) return out;
    }
  }
  const auto state = open_state(call.args());
  if (!state && state.error().kind == ErrorKind::not_found) return out;  // nothing has run, nothing is kept
  if (!state) return state.error();
  while (true) {
    NameQuery query;
    query.page.limit = kPage;
    query.page.offset = static_cast<std::int64_t>(out.size());
    const auto page = state->reader->list_variables(query);
    if (!page) return page.error();
    for (const VariableView& one : page->rows) out.push_back(document_of(one));
    if (page->rows.size() < static_cast<std::size_t>(kPage)) return out;
  }
}

Result<Value> variable_named(const Invocation& call, const std::string& name) {
  const auto all = all_variables(call);
  if (!all) return all.error();
  for (const Value& one : *all) {
    if (text_member(one, "key") == name) return one;
  }
  return Error{"there is no variable \"" + name + "\"; `baton variable ls` lists them", ErrorKind::not_found};
}

struct Wanted {
  std::string name, value;
  std::optional<std::string> description;
};

Status set_at(const ServerClient& server, const Wanted& wanted) {
  ValueMap body{{"key", wanted.name}, {"value", wanted.value}};
  if (wanted.description) body.emplace_back("description", *wanted.description);
  auto changed = server.patch(variable_target(wanted.name), body);
  if (!changed && changed.error().kind == ErrorKind::not_found) changed = server.post("/api/v2/variables", body);
  return changed ? Status(Unit{}) : Status(changed.error());
}

Status set_here(const Invocation& call, const std::vector<Wanted>& wanted) {
  ServiceRows rows;
  ValueList names;
  for (const Wanted& one : wanted) {
    VariableRow row;
    row.name = one.name;
    row.value = one.value;
    const auto before = variable_named(call, one.name);
    if (!before && before.error().kind != ErrorKind::not_found) return before.error();
    row.description = one.description.value_or(before ? text_member(*before, "description") : "");
    rows.variables.push_back(std::move(row));
    names.emplace_back(one.name);
  }
  ValueMap object;
  if (names.size() == 1) object.emplace_back("variable", names.front());
  if (names.size() != 1) object.emplace_back("variables", std::move(names));
  return write_here(call.args(), "variable set", "set_variable", object, std::move(rows));
}

int set_all(const Invocation& call, const std::vector<Wanted>& wanted) {
  for (const Wanted& one : wanted) {
    if (!dagfile::is_id(one.name)) {
      return call.fail(Error{"\"" + one.name + "\" is no name of a variable: letters, digits, \"_\", \".\" and \"-\", at "
                                               "most 250, the first a letter or digit",
                             ErrorKind::invalid});
    }
  }
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  if (!server) {
    if (Status written = set_here(call, wanted); !written) return call.fail(written.error());
  } else {
    for (const Wanted& one : wanted) {
      if (Status written = set_at(*server, one); !written) return call.fail(written.error());
    }
  }
  if (wanted.size() != 1) call.note(std::to_string(wanted.size()) + " variables are set");
  return kOk;
}

Result<std::string> all_of(std::istream& in, const std::string& name) {
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return Error{"cannot read " + name, ErrorKind::invalid};
  return text;
}

}  // namespace

int variable_ls_command(const Invocation& call) {
  const auto all = all_variables(call);
  if (!all) return call.fail(all.error());
  if (call.format() != Format::table) {
    call.print_document(ValueMap{{"variables", *all}, {"total_entries", static_cast<std::int64_t>(all->size())}},
                        "variables");
    return kOk;
  }
  if (all->empty()) {
    call.note("there are no variables: `baton variable set NAME VALUE` makes one");
    return kOk;
  }
  text::Table table({{"VARIABLE"}, {"VALUE", false, true}, {"WHAT", false, true}});
  for (const Value& one : *all) {
    table.add({text_member(one, "key"), text_member(one, "value"), text_member(one, "description")});
  }
  Invocation::print(table.render(call.out_style(), call.out_width()));
  return kOk;
}

int variable_get_command(const Invocation& call) {
  const auto found = variable_named(call, call.args().at(0));
  if (!found) return call.fail(found.error());
  if (call.format() != Format::table) {
    call.print_document(*found);
  } else {
    Invocation::print(text_member(*found, "value") + "\n");
  }
  return kOk;
}

int variable_set_command(const Invocation& call) {
  Wanted wanted{call.args().at(0), call.args().at(1), std::nullopt};
  if (wanted.value == "-") {
    auto text = all_of(std::cin, "standard input");
    if (!text) return call.fail(text.error());
    if (text->ends_with('\n')) text->pop_back();
    wanted.value = std::move(*text);
  }
  if (call.args().has("description")) wanted.description = call.args().value("description");
  return set_all(call, {wanted});
}

int variable_rm_command(const Invocation& call) {
  const std::string name = call.args().at(0);
  const auto server = ServerClient::of(call.args());
  if (!server && server.error().kind != ErrorKind::unavailable) return call.fail(server.error());
  if (server) {
    const auto gone = server->drop(variable_target(name));
    return gone ? kOk : call.fail(gone.error());
  }
  const auto before = variable_named(call, name);
  if (!before) return call.fail(before.error());
  ServiceRows rows;
  VariableRow row;
  row.name = name;
  row.is_gone = true;
  rows.variables.push_back(std::move(row));
  const Status written =
      write_here(call.args(), "variable rm", "delete_variable", {{"variable", name}}, std::move(rows));
  return written ? kOk : call.fail(written.error());
}

/// A JSON object of names, as `airflow variables export` writes it: texts as they are, anything else as JSON; an object
/// with `value` and perhaps `description` likewise.
int variable_import_command(const Invocation& call) {
  const std::string& path = call.args().at(0);
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  if (path != "-" && !file) return call.fail(Error{"cannot read " + path, ErrorKind::not_found});
  const auto text = all_of(path == "-" ? std::cin : file, path);
  if (!text) return call.fail(text.error());
  const auto document = from_exact_json(*text);
  if (!document || document->type() != ValueType::map) {
    return call.fail(Error{path + " is no JSON object of variables" +
                               (document ? std::string() : ": " + document.error().message),
                           ErrorKind::invalid});
  }
  std::vector<Wanted> wanted;
  for (const auto& [name, one] : document->as_map()) {
    const Value* value = &one;
    Wanted variable{name.as_string(), "", std::nullopt};
    if (one.type() == ValueType::map && one.find("value") != nullptr) {
      value = one.find("value");
      if (const Value* what = one.find("description"); what != nullptr && what->type() == ValueType::string) {
        variable.description = what->as_string();
      }
    }
    variable.value = value->type() == ValueType::string ? value->as_string() : to_json(*value);
    wanted.push_back(std::move(variable));
  }
  if (wanted.empty()) return kOk;
  return set_all(call, wanted);
}

int variable_export_command(const Invocation& call) {
  const auto all = all_variables(call);
  if (!all) return call.fail(all.error());
  ValueMap out;
  for (const Value& one : *all) {
    const std::string what = text_member(one, "description");
    Value value(text_member(one, "value"));
    if (!what.empty()) value = Value(ValueMap{{"value", std::move(value)}, {"description", what}});
    out.emplace_back(Value(text_member(one, "key")), std::move(value));
  }
  Invocation::print(text::json_pretty(Value(std::move(out))));
  return kOk;
}

}  // namespace baton::cli
