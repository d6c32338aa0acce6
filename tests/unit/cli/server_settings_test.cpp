// The settings of a server as people read them: what holds, who said so, and no value of a secret.
#include "cli/server_settings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/dagfile/config_keys.h"
#include "scheduler/dagfile/loader.h"

namespace baton {
namespace {

Config config_of(const char* text) {
  auto read = load_config_text(text, "baton.yaml");
  EXPECT_TRUE(read.ok());
  return std::move(read.config);
}

api::SettingSeen find(const std::vector<api::SettingSeen>& list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  return found != list.end() ? *found : api::SettingSeen{};
}

TEST(ServerSettings, EachNamesItsValueAndWhoSaidSo) {
  constexpr char kText[] = R"(
listen: 127.0.0.1:9000
pools: {warehouse: 4}
limits: {depth: 64}
retention: 90d
)";
  const Config config = config_of(kText);
  const auto keys = config_keys(kText);
  const auto list = settings_of(
      config, keys, given_settings(config, keys, {{"state", "/s", "environment"}, {"dags", "/d", "default"}}));
  EXPECT_EQ(find(list, "listen").value, "127.0.0.1:9000");
  EXPECT_EQ(find(list, "listen").source, "file");
  EXPECT_TRUE(find(list, "listen").needs_restart);
  EXPECT_EQ(find(list, "state").source, "environment");
  EXPECT_EQ(find(list, "pools").value, "warehouse 4");
  EXPECT_FALSE(find(list, "pools").needs_restart);
  EXPECT_EQ(find(list, "limits.depth").source, "file") << "said, although it is what would hold anyway";
  EXPECT_EQ(find(list, "limits.file").source, "default");
  EXPECT_EQ(find(list, "limits.file").value, "32Mi");
  EXPECT_EQ(find(list, "retention.runs").source, "file");
  EXPECT_EQ(find(list, "retention.logs").source, "default");
}

TEST(ServerSettings, WhatAFlagSaysGoesBeforeTheFileAndStaysWhenTheFileChanges) {
  const Config begun = config_of("listen: 127.0.0.1:9000\nlimits: {instances: 5}\n");
  const auto given = given_settings(begun, {"listen", "limits.instances"}, {{"listen", "127.0.0.1:0", "flag"}});
  const Config now = config_of("listen: 127.0.0.1:9001\nlimits: {instances: 6, depth: 70}\n");
  const auto list = settings_of(now, {"listen", "limits.depth"}, given);
  EXPECT_EQ(find(list, "listen").value, "127.0.0.1:0");
  EXPECT_EQ(find(list, "listen").source, "flag");
  EXPECT_EQ(find(list, "limits.instances").value, "5") << "until the next start";
  EXPECT_EQ(find(list, "limits.depth").value, "70");
}

TEST(ServerSettings, SecretsAndPlacesWithPasswordsAreNamesAlone) {
  const Config config = config_of(R"(
connections: {shop: {postgresql: "host=db user=reader dbname=hunter2"}}
hooks: {push: {dag: etl, secret: PUSH_KEY}}
)");
  for (const auto& one : settings_of(config, {}, given_settings(config, {}, {}))) {
    EXPECT_EQ(one.value.find("hunter2"), std::string::npos) << one.name;
  }
  EXPECT_NE(find(settings_of(config, {}, {}), "hooks").value.find("PUSH_KEY"), std::string::npos);
}

}  // namespace
}  // namespace baton
