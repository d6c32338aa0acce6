// The table of keys is the truth of three places: checks, schema and reference.
#include "scheduler/dagfile/keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/dagfile/schema.h"
#include "scheduler/dagfile/shape.h"
#include "scheduler/dagfile/yaml_reader.h"
#include "scheduler/model/states.h"

namespace baton {
namespace {

using dagfile::Key;

TEST(Keys, EveryExampleSatisfiesItsOwnRow) {
  for (const Key& key : dagfile::keys()) {
    if (key.example.empty()) continue;
    const std::string name = key.name == "*" ? "name" : std::string(key.name);
    const bool has_colon = key.example.find(": ") != std::string_view::npos && key.example[0] != '{' &&
                           key.example[0] != '[' && key.example[0] != '"';
    ASSERT_FALSE(has_colon) << key.where << "." << key.name;
    const dagfile::SourceText source("example", name + ": " + std::string(key.example) + "\n");
    dagfile::Reporter reporter(source);
    const auto documents = dagfile::read_yaml(reporter, {});
    ASSERT_EQ(documents.size(), 1U) << key.where << "." << key.name;
    for (const auto& [k, value] : dagfile::Entries(documents[0].root()))
      dagfile::check_value(k, value, key, "", reporter);
    EXPECT_EQ(reporter.error_count(), 0U) << key.where << "." << key.name << "\n" << render_text(reporter.take());
  }
}

TEST(Keys, EveryObjectThatIsNamedHasRowsAndADocLine) {
  for (const Key& key : dagfile::keys()) {
    EXPECT_FALSE(key.doc.empty()) << key.where << "." << key.name;
    const bool needs_rows = !key.object.empty() && key.object != "executor_local";
    if (needs_rows) {
      EXPECT_FALSE(dagfile::keys_of(key.object).empty()) << key.object;
    }
  }
}

TEST(Keys, NoRowStandsTwice) {
  std::set<std::string> seen;
  for (const Key& key : dagfile::keys()) {
    EXPECT_TRUE(seen.insert(std::string(key.where) + "." + std::string(key.name)).second)
        << key.where << "." << key.name;
  }
}

TEST(Keys, NoKeyIsABooleanOfYaml11) {
  for (const Key& key : dagfile::keys()) {
    if (key.where == "retries" && key.name == "on") continue;  // the language has it; a string in YAML 1.2
    for (const char* word : {"on", "off", "yes", "no", "y", "n"}) EXPECT_NE(key.name, word) << key.where;
  }
}

TEST(Keys, TriggerRulesAndKindsAreThoseOfTheModel) {
  std::string words;
  for (int i = 0; i <= static_cast<int>(TriggerRule::always); ++i)
    words += " " + std::string(to_string(static_cast<TriggerRule>(i)));
  std::set<std::string> model, table;
  const auto split = [](std::string_view text, std::set<std::string>& into) {
    std::string word;
    for (const char c : std::string(text) + " ") {
      if (c != ' ') word += c;
      if (c == ' ' && !word.empty()) into.insert(std::exchange(word, ""));
    }
  };
  split(words, model);
  split(dagfile::find_key("task", "trigger_rule")->words, table);
  EXPECT_EQ(model, table);
  for (const Key& key : dagfile::keys_of("task")) {
    EXPECT_EQ((key.flags & dagfile::kKind) != 0, task_kind_from(key.name).has_value()) << key.name;
  }
}

TEST(Schema, IsJsonWithAllReferencesDefined) {
  const auto schema = nlohmann::json::parse(dag_schema_json());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_TRUE(schema["properties"].contains("tasks"));
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], (nlohmann::json{"dag", "tasks"}));
  std::function<void(const nlohmann::json&)> visit = [&](const nlohmann::json& j) {
    if (j.is_object() && j.contains("$ref") && j["$ref"].is_string()) {
      const std::string ref = j["$ref"];
      EXPECT_TRUE(schema["$defs"].contains(ref.substr(8))) << ref;
    }
    for (const auto& child : j) {
      if (child.is_structured()) visit(child);
    }
  };
  visit(schema);
}

TEST(Reference, NamesEveryKeyAndEveryRule) {
  const std::string keys = key_reference_markdown();
  for (const Key& key : dagfile::keys()) {
    if (key.name != "*") {
      EXPECT_NE(keys.find("`" + std::string(key.name) + "`"), std::string::npos) << key.name;
    }
  }
  const std::string rules_text = rule_reference_markdown();
  std::set<std::string_view> names;
  for (const RuleInfo& rule : rules()) {
    EXPECT_NE(rules_text.find("`" + std::string(rule.name) + "`"), std::string::npos);
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
  }
}

}  // namespace
}  // namespace baton
