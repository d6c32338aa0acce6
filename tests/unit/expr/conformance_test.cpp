// The cases of tests/conformance/cel: CEL's own suite, as far as it lies within the language.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "scheduler/expr/evaluate.h"
#include "scheduler/expr/parse.h"
#include "scheduler/json/json_value.h"
#include "test_paths.h"

namespace baton::expr {
namespace {

using Json = nlohmann::json;

double double_of(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto text = json.get<std::string>();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  EXPECT_EQ(text, "nan");
  return std::nan("");
}

Value value_of(const Json& tagged) {
  const std::string tag = tagged.begin().key();
  const Json& json = tagged.begin().value();
  if (tag == "null") return Value();
  if (tag == "bool") return Value(json.get<bool>());
  if (tag == "int") return Value(json.get<std::int64_t>());
  if (tag == "double") return Value(double_of(json));
  if (tag == "string") return Value(json.get<std::string>());
  if (tag == "timestamp") return Value(Timestamp{json[0].get<std::int64_t>(), json[1].get<std::int32_t>()});
  if (tag == "duration") return Value(Duration{json[0].get<std::int64_t>(), json[1].get<std::int32_t>()});
  if (tag == "list") {
    ValueList list;
    for (const Json& element : json) list.push_back(value_of(element));
    return Value(std::move(list));
  }
  EXPECT_EQ(tag, "map");
  ValueMap map;
  for (const Json& entry : json) map.emplace_back(value_of(entry[0]), value_of(entry[1]));
  return Value(std::move(map));
}

std::vector<Json> cases() {
  std::ifstream file(std::string(baton::checkout::kSourceDir) + "/tests/conformance/cel/cel-cases.jsonl");
  std::vector<Json> all;
  for (std::string line; std::getline(file, line);) all.push_back(Json::parse(line));
  return all;
}

Outcome<Value> run(const Json& one) {
  FixedNames names;
  if (one.contains("bindings")) {
    for (const auto& [name, value] : one["bindings"].items()) names.set(name, value_of(value));
  }
  const Outcome<AstPtr> ast = parse(one["expr"].get<std::string>());
  if (!ast) return ast.error();
  return evaluate(**ast, names);
}

TEST(Conformance, AllCasesOfCelPass) {
  std::size_t passed = 0;
  for (const Json& one : cases()) {
    const Outcome<Value> got = run(one);
    const auto id = one["id"].get<std::string>();
    const auto expr = one["expr"].get<std::string>();
    bool is_right = false;
    if (one.contains("error")) {
      is_right = !got.ok();
    } else {
      const Value wanted = value_of(one["value"]);
      is_right = got.ok() && got.value() == wanted;
      if (is_right && wanted.type() == ValueType::floating) {
        is_right = std::signbit(wanted.as_double()) == std::signbit(got->as_double());
      }
    }
    passed += is_right ? 1 : 0;
    EXPECT_TRUE(is_right) << id << ": " << expr << "\n  got "
                          << (got.ok() ? to_tagged_json(got.value()) : got.error().message);
  }
  EXPECT_EQ(passed, 394U);
}

}  // namespace
}  // namespace baton::expr
