#include "scheduler/engine/expand.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scheduler/json/json_value.h"
#include "tests/support/dag_builder.h"
#include "tests/support/run_driver.h"

namespace baton {
namespace {

Value json(std::string_view text) {
  return *from_json(text);
}

ValueList maps(std::string_view text) {
  return json(text).as_list();
}

Mapping for_each(Value items) {
  Mapping m;
  m.kind = Mapping::Kind::for_each;
  m.literal_items = std::move(items);
  return m;
}

Mapping for_each_of(std::string_view items) {
  Mapping m;
  m.kind = Mapping::Kind::for_each;
  m.items = test::expression(items);
  return m;
}

struct AxisOf {
  std::string name;
  std::string items;
};

Mapping matrix(const std::vector<AxisOf>& axes, std::string_view include = "[]", std::string_view exclude = "[]") {
  Mapping m;
  m.kind = Mapping::Kind::matrix;
  for (const AxisOf& a : axes) m.axes.push_back({a.name, {}, json(a.items)});
  m.include = maps(include);
  m.exclude = maps(exclude);
  return m;
}

Result<std::vector<MappedItem>> expanded(Mapping mapping, Value params = ValueMap{}, std::int32_t limit = 1000) {
  TaskSpec spec = test::run_task();
  spec.mapping = std::move(mapping);
  test::RunDriver d(test::DagBuilder().task("t", {}, spec).build(), {}, {}, std::move(params));
  return expand(d.run(), 0, limit);
}

/// The items as JSON, one a line.
std::string items_of(Mapping mapping, Value params = ValueMap{}) {
  const auto items = expanded(std::move(mapping), std::move(params));
  if (!items) return "error: " + items.error().message;
  std::string out;
  for (const MappedItem& item : *items) out += to_json(item.item) + "\n";
  return out;
}

std::string keys_of(Mapping mapping, Value params = ValueMap{}) {
  const auto items = expanded(std::move(mapping), std::move(params));
  if (!items) return "error: " + items.error().message;
  std::string out;
  for (const MappedItem& item : *items) out += (out.empty() ? "" : "|") + item.key;
  return out;
}

TEST(ForEach, OfAListKeepsItsOrder) {
  EXPECT_EQ(items_of(for_each(json(R"(["b", 1, {"x": 2}])"))), "\"b\"\n1\n{\"x\":2}\n");
}

TEST(ForEach, OfAMapIsItsKeysAndValues) {
  EXPECT_EQ(items_of(for_each(json(R"({"eu": 1, "us": [2]})"))),
            "{\"key\":\"eu\",\"value\":1}\n{\"key\":\"us\",\"value\":[2]}\n");
}

TEST(ForEach, MayBeAnExpression) {
  EXPECT_EQ(items_of(for_each_of("params.regions"), json(R"({"regions": ["eu", "us"]})")), "\"eu\"\n\"us\"\n");
  EXPECT_EQ(items_of(for_each_of("params.regions.map(r, r.upper())"), json(R"({"regions": ["eu"]})")), "\"EU\"\n");
}

TEST(ForEach, OfNothingIsNothing) {
  EXPECT_EQ(items_of(for_each(json("[]"))), "");
  EXPECT_EQ(items_of(for_each(json("{}"))), "");
}

TEST(ForEach, OfWhatIsNeitherListNorMapIsAnError) {
  for (const char* items : {"'text'", "7", "null", "params.missing", "1 / 0"}) {
    EXPECT_FALSE(expanded(for_each_of(items)).ok()) << items;
  }
}

TEST(ForEach, ItsLabelIsTheItemOrTheKey) {
  EXPECT_EQ(keys_of(for_each(json(R"(["eu", 7, true, 1.5, {"a": 1, "b": "x"}, [1]])"))), "eu|7|true|1.5|1,x|");
  Mapping m = for_each(json(R"(["eu", "us"])"));
  m.as = "region";
  m.key = test::expression("${{ region }}-${{ dag.id }}");
  EXPECT_EQ(keys_of(m), "eu-dag|us-dag");
}

TEST(ForEach, ALabelIsCutAt250) {
  EXPECT_EQ(keys_of(for_each(Value{ValueList{Value{std::string(300, 'x')}}})), std::string(250, 'x'));
}

TEST(ForEach, AKeyThatCannotBeEvaluatedIsAnError) {
  Mapping m = for_each(json(R"(["eu"])"));
  m.key = test::expression("${{ other }}");
  EXPECT_FALSE(expanded(m).ok());
}

TEST(ForEach, HasALimit) {
  EXPECT_TRUE(expanded(for_each(json("[1,2,3]")), ValueMap{}, 3).ok());
  const auto over = expanded(for_each(json("[1,2,3,4]")), ValueMap{}, 3);
  ASSERT_FALSE(over.ok());
  EXPECT_NE(over.error().message.find("3"), std::string::npos);
}

TEST(Matrix, TheFirstKeyIsTheSlowest) {
  EXPECT_EQ(items_of(matrix({{"os", R"(["a", "b"])"}, {"v", "[1, 2]"}})),
            "{\"os\":\"a\",\"v\":1}\n{\"os\":\"a\",\"v\":2}\n{\"os\":\"b\",\"v\":1}\n{\"os\":\"b\",\"v\":2}\n");
}

TEST(Matrix, ItsLabelIsTheValuesInOrder) {
  EXPECT_EQ(keys_of(matrix({{"os", R"(["a"])"}, {"v", "[1, 2]"}})), "a,1|a,2");
}

TEST(Matrix, AnAxisMayBeAnExpression) {
  Mapping m = matrix({{"v", "[1]"}});
  m.axes.push_back({"r", test::expression("params.r"), std::nullopt});
  EXPECT_EQ(items_of(m, json(R"({"r": [8, 9]})")), "{\"v\":1,\"r\":8}\n{\"v\":1,\"r\":9}\n");
}

TEST(Matrix, AnAxisWithoutValuesLeavesNoCombination) {
  EXPECT_EQ(items_of(matrix({{"a", "[1]"}, {"b", "[]"}})), "");
}

TEST(Matrix, ExcludeTakesOutWhatMatchesInPart) {
  EXPECT_EQ(items_of(matrix({{"os", R"(["a", "b"])"}, {"v", "[1, 2]"}}, "[]", R"([{"os": "a", "v": 2}, {"os": "b"}])")),
            "{\"os\":\"a\",\"v\":1}\n");
}

TEST(Matrix, ExcludeOfAnotherKeyTakesOutNothing) {
  EXPECT_EQ(items_of(matrix({{"os", R"(["a"])"}}, "[]", R"([{"v": 1}])")), "{\"os\":\"a\"}\n");
}

// The example of GitHub's documentation ("Expanding or adding matrix configurations").
TEST(Matrix, IncludeIsGitHubs) {
  EXPECT_EQ(items_of(matrix({{"fruit", R"(["apple", "pear"])"}, {"animal", R"(["cat", "dog"])"}},
                            R"([{"color": "green"},
                                {"color": "pink", "animal": "cat"},
                                {"fruit": "apple", "shape": "circle"},
                                {"fruit": "banana"},
                                {"fruit": "banana", "animal": "cat"}])")),
            "{\"fruit\":\"apple\",\"animal\":\"cat\",\"color\":\"pink\",\"shape\":\"circle\"}\n"
            "{\"fruit\":\"apple\",\"animal\":\"dog\",\"color\":\"green\",\"shape\":\"circle\"}\n"
            "{\"fruit\":\"pear\",\"animal\":\"cat\",\"color\":\"pink\"}\n"
            "{\"fruit\":\"pear\",\"animal\":\"dog\",\"color\":\"green\"}\n"
            "{\"fruit\":\"banana\"}\n"
            "{\"fruit\":\"banana\",\"animal\":\"cat\"}\n");
}

TEST(Matrix, OfIncludesAloneIsThose) {
  EXPECT_EQ(items_of(matrix({}, R"([{"site": "production"}, {"site": "staging"}])")),
            "{\"site\":\"production\"}\n{\"site\":\"staging\"}\n");
}

TEST(Matrix, ExcludeComesBeforeInclude) {
  EXPECT_EQ(items_of(matrix({{"v", "[1, 2]"}}, R"([{"v": 1, "x": true}])", R"([{"v": 1}])")),
            "{\"v\":2}\n{\"v\":1,\"x\":true}\n");
}

TEST(Matrix, HasALimitThatALargeProductDoesNotReachByMaking) {
  std::vector<AxisOf> axes;
  for (int a = 0; a < 20; ++a) axes.push_back({"a" + std::to_string(a), "[1,2,3,4,5,6,7,8,9,10]"});
  EXPECT_FALSE(expanded(matrix(axes)).ok());  // 10^20
  EXPECT_TRUE(expanded(matrix({{"a", "[1,2]"}, {"b", "[1,2]"}}), ValueMap{}, 4).ok());
  EXPECT_FALSE(expanded(matrix({{"a", "[1,2]"}, {"b", "[1,2]"}}), ValueMap{}, 3).ok());
  EXPECT_FALSE(expanded(matrix({{"a", "[1,2]"}}, R"([{"a": 3}])"), ValueMap{}, 2).ok());
}

}  // namespace
}  // namespace baton
