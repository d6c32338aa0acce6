// The description of the API and what carries it out: they fit each other, and requests are held against it.
#include "web/api/description.h"

#include <gtest/gtest.h>

#include "scheduler/json/json_value.h"
#include "web/api/request_rules.h"
#include "web/api/routes.h"

namespace baton::api {
namespace {

constexpr const char* kDocument = R"({"paths":{"/api/v2/things":{
  "get":{"operationId":"list","x-role":"viewer","x-resource":"thing","parameters":[
    {"$ref":"#/components/parameters/limit"},
    {"name":"state","in":"query","schema":{"type":"array","items":{"type":"string","enum":["on","off"]}}},
    {"name":"after","in":"query","schema":{"type":["string","null"],"format":"date-time"}},
    {"name":"paused","in":"query","schema":{"type":"boolean"}}]},
  "post":{"operationId":"make","x-role":"editor","x-resource":"thing","requestBody":{"required":true,
    "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}}},
  "put":{"operationId":"rest","x-role":"editor","x-resource":"thing"}}},
  "components":{"parameters":{"limit":{"name":"limit","in":"query","schema":{"type":"integer","minimum":0}}},
    "schemas":{"Thing":{"type":"object","additionalProperties":false,"required":["name"],"properties":{
      "name":{"type":"string","maxLength":5},"size":{"type":["integer","null"],"maximum":10},
      "tags":{"type":"array","items":{"type":"string"}},"at":{"type":"string","format":"date-time"}}}}}})";

class DescriptionTest : public testing::Test {
 protected:
  DescriptionTest() : description_(*Description::read(kDocument)) {}

  static std::string told(const std::vector<http::Fault>& faults) {
    std::string text;
    for (const http::Fault& fault : faults) {
      for (const std::string& at : fault.where) text += at + ".";
      text += fault.type + " ";
    }
    return text;
  }
  std::string query(const http::Pairs& pairs) {
    http::Request request;
    request.query = pairs;
    return told(description_->check_query(description_->operations()[0], request));
  }
  std::string body(const std::string& text) {
    http::Request request;
    request.body = text;
    Value value;
    return told(description_->check_body(description_->operations()[1], request, value));
  }

  std::shared_ptr<const Description> description_;
};

TEST_F(DescriptionTest, AQueryThatFitsPasses) {
  EXPECT_EQ(query({}), "");
  EXPECT_EQ(
      query({{"limit", "0"}, {"state", "on"}, {"state", "off"}, {"after", "2026-01-01T00:00:00Z"}, {"paused", "true"}}),
      "");
}

TEST_F(DescriptionTest, WordsThatAreUnknownOrDoNotFitAreNamed) {
  EXPECT_EQ(query({{"limti", "5"}}), "query.limti.extra_forbidden ");
  for (const char* limit : {"", "x", "1.5", "1e3", " 1", "99999999999999999999"}) {
    EXPECT_EQ(query({{"limit", limit}}), "query.limit.int_parsing ") << limit;
  }
  EXPECT_EQ(query({{"limit", "-1"}}), "query.limit.greater_than_equal ");
  EXPECT_EQ(query({{"state", "on"}, {"state", "of"}}), "query.state.enum ");
  EXPECT_EQ(query({{"after", "yesterday"}, {"paused", "maybe"}}),
            "query.after.datetime_parsing query.paused.bool_parsing ");
}

TEST_F(DescriptionTest, ABodyThatFitsPasses) {
  EXPECT_EQ(body(R"({"name":"a"})"), "");
  EXPECT_EQ(body(R"({"name":"a","size":null,"tags":["b"],"at":"2026-01-01T00:00:00+01:00"})"), "");
}

TEST_F(DescriptionTest, MembersThatAreUnknownOrDoNotFitAreNamed) {
  EXPECT_EQ(body(""), "body.missing ");
  EXPECT_EQ(body("{"), "body.json_invalid ");
  EXPECT_EQ(body("[]"), "body.dict_type ");
  EXPECT_EQ(body("{}"), "body.name.missing ");
  EXPECT_EQ(body(R"({"name":"a","nmae":1})"), "body.nmae.extra_forbidden ");
  EXPECT_EQ(body(R"({"name":"abcdef"})"), "body.name.string_too_long ");
  EXPECT_EQ(body(R"({"name":1,"size":"1"})"), "body.name.string_type body.size.integer_type ");
  EXPECT_EQ(body(R"({"name":"a","size":11,"tags":["b",1]})"), "body.size.less_than_equal body.tags.1.string_type ");
  EXPECT_EQ(body(R"({"name":"a","name":"b"})"), "body.json_invalid ");
  EXPECT_EQ(body(std::string(100'000, '[')), "body.json_invalid ");
}

TEST_F(DescriptionTest, AnOperationWithoutABodyTakesAnEmptyObjectAndNothingElse) {
  const auto no_body = [this](const std::string& text) {
    http::Request request;
    request.body = text;
    Value value;
    return told(description_->check_body(description_->operations()[2], request, value));
  };
  for (const char* nothing : {"", "{}", " { } ", "null", "\n"}) EXPECT_EQ(no_body(nothing), "") << nothing;
  for (const char* text : {R"({"why":"?"})", "[]", "0", "{"}) EXPECT_EQ(no_body(text), "body.extra_forbidden ") << text;
  EXPECT_EQ(description_->operations()[0].body_max, 0U) << "a GET has none";
  EXPECT_GE(description_->operations()[2].body_max, 2U);
}

TEST(Description, AnOperationWithoutRoleOrResourceDoesNotStart) {
  for (const char* operation :
       {R"("operationId":"a","x-role":"viewer")", R"("operationId":"a","x-resource":"dag")",
        R"("x-role":"viewer","x-resource":"dag")", R"("operationId":"a","x-role":"god","x-resource":"dag")"}) {
    EXPECT_FALSE(Description::read(std::string(R"({"paths":{"/a":{"get":{)") + operation + "}}}}").ok()) << operation;
  }
}

TEST(RequestRules, WhatIsForReadersGoesAndNamesStay) {
  const auto document = from_json(R"({"info":{"title":"x"},"paths":{"/summary":{"post":{"operationId":"a","tags":["t"],
    "responses":{"200":{"$ref":"#/components/schemas/Answer"}},"requestBody":{"content":{"application/json":{
      "examples":{"e":1},"schema":{"$ref":"#/components/schemas/Asked"}}}}}}},
    "components":{"schemas":{"Answer":{"type":"object"},"Deep":{"type":"string","description":"words"},
      "Asked":{"properties":{"description":{"$ref":"#/components/schemas/Deep"},"tags":{"type":"array"}}}}}})");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(to_json(request_rules(*document)),
            R"({"paths":{"/summary":{"post":{"operationId":"a","requestBody":{"content":{"application/json":{)"
            R"("schema":{"$ref":"#/components/schemas/Asked"}}}}}}},"components":{"schemas":{"Deep":{"type":"string"},)"
            R"("Asked":{"properties":{"description":{"$ref":"#/components/schemas/Deep"},"tags":{"type":"array"}}}}}})");
}

TEST(Description, OursIsCarriedOutWholeAndNothingElseIs) {
  const auto description = Description::read(openapi_json());
  ASSERT_TRUE(description.ok()) << description.error().message;
  const Services services;
  const auto routes = make_routes(*description, services);
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  EXPECT_EQ(routes->routes().size(), (*description)->operations().size());
  const auto rules = Description::read(request_rules_json());
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  ASSERT_EQ((*rules)->operations().size(), (*description)->operations().size());
  for (std::size_t k = 0; k < (*rules)->operations().size(); ++k) {
    const Operation &kept = (*rules)->operations()[k], &whole = (*description)->operations()[k];
    EXPECT_EQ(kept.id, whole.id);
    EXPECT_EQ(kept.query.size(), whole.query.size()) << whole.id;
    EXPECT_EQ(kept.body == nullptr, whole.body == nullptr) << whole.id;
  }
  const auto other = make_routes(*Description::read(kDocument), services);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().kind, ErrorKind::internal);
  const auto less = make_routes(*Description::read(R"({"paths":{}})"), services);
  EXPECT_FALSE(less.ok()) << "functions without a description";
}

}  // namespace
}  // namespace baton::api
