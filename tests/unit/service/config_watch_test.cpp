// baton.yaml while a server runs: what is taken, what is said, what changes nothing.
#include "scheduler/service/config_watch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/service/service_bench.h"

namespace baton {
namespace {

Config config_of(const std::string& text) {
  const ConfigResult read = load_config_text(text, "baton.yaml");
  EXPECT_TRUE(read.ok()) << text;
  return read.config;
}

class ConfigWatchTest : public testing::Test {
 protected:
  void save(std::optional<std::string> text) {
    text_ = std::move(text);
    ++changes_;
    loop.run_to(loop.wall + 3 * kSecond);
  }

  ManualLoop loop{0};
  std::vector<Config> taken;
  std::vector<std::string> said;
  int reads = 0;
  ConfigWatch watch{loop,
                    [this](const ConfigStamp& known, ConfigWatch::OnLooked done) {
                      ConfigLook look{{text_.has_value(), changes_, 1, 1}, std::nullopt};
                      if (!text_) look.stamp = {};
                      if (text_ && !(look.stamp == known)) {
                        look.read = load_config_text(*text_, "baton.yaml");
                        ++reads;
                      }
                      loop.post([look, done] { done(look); });
                    },
                    {[this](const Config&, const Config& fresh) { taken.push_back(fresh); },
                     [this](const std::string& line) { said.push_back(line); }}};

 private:
  std::optional<std::string> text_;
  std::int64_t changes_ = 0;
};

TEST_F(ConfigWatchTest, WhatIsSavedIsTakenOnceWithinSeconds) {
  watch.start({});
  save("retention: 90d\n");
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].retention.runs_us, 90 * kDay);
  EXPECT_EQ(said, std::vector<std::string>{"baton.yaml was read anew"});
  loop.run_to(loop.wall + kHour);
  EXPECT_EQ(taken.size(), 1U);
  EXPECT_EQ(reads, 1) << "it is read only when it has changed";
}

TEST_F(ConfigWatchTest, AFileThatIsAsItWasReadBeforeChangesNothing) {
  watch.start(config_of("retention: 90d\n"));
  save("retention: 90d\n");
  save("# a comment\nretention: 90d\n");
  EXPECT_TRUE(taken.empty());
  EXPECT_TRUE(said.empty());
}

TEST_F(ConfigWatchTest, ABrokenFileChangesNothingAndIsSaid) {
  watch.start(config_of("retention: 90d\n"));
  save("retention: soon\n");
  EXPECT_TRUE(taken.empty());
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("left as it was"), std::string::npos);
  EXPECT_NE(said[0].find("\"soon\""), std::string::npos) << said[0];
  EXPECT_EQ(watch.config().retention.runs_us, 90 * kDay);
  save("retention: 30d\n");
  EXPECT_EQ(taken.size(), 1U);
  EXPECT_TRUE(watch.trouble().empty());
}

TEST_F(ConfigWatchTest, AFileThatIsGoneLeavesTheSettings) {
  watch.start(config_of("retention: 90d\n"));
  save("retention: 90d\n");
  save(std::nullopt);
  EXPECT_TRUE(taken.empty());
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(watch.config().retention.runs_us, 90 * kDay);
}

TEST_F(ConfigWatchTest, WhatOnlyARestartChangesIsSaid) {
  watch.start(config_of("pools: {a: 1, b: 2}\n"));
  save("pools: {a: 5}\npass_env: [X]\nlimits: {instances: 7}\n");
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0], "baton.yaml was read anew; a restart is needed for pass_env, limits.instances, pools.b");
}

TEST_F(ConfigWatchTest, OnlyWhatDagsAreReadWithHasThemReadAgain) {
  EXPECT_FALSE(changes_dags(config_of(""), config_of("retention: 1d\nbackup: {path: /b}\npass_env: [X]\n")));
  EXPECT_TRUE(changes_dags(config_of(""), config_of("calendars: {off: [2026-01-01]}\n")));
  EXPECT_TRUE(changes_dags(config_of("pools: {a: 1}\n"), config_of("pools: {a: 2}\n")));
  EXPECT_TRUE(changes_dags(config_of(""), config_of("limits: {file: 64Mi}\n")));
  EXPECT_FALSE(are_equal(config_of(""), config_of("limits: {instances: 5}\n")));
  // Each key alone is a change that is heard of: one that is forgotten here would act after a restart only.
  for (const char* text :
       {"alerts: [{events: [run_failed], to: \"slack:ops\"}]\nreceivers: {ops: {url: \"https://h.example.org\"}}\n",
        "prices: {cpu_hour: 1}\n", "log: {format: json}\n", "hooks: {h: {dag: d, secret: s, param: p}}\n",
        "dead_man: {url: \"https://h.example.org\"}\n", "retention: 1d\n", "pass_env: [X]\n",
        "profile: p\nprofiles: {p: {env: {A: b}}}\n"}) {
    EXPECT_FALSE(are_equal(config_of(""), config_of(text))) << text;
  }
  const char* const profile = "profile: p\nprofiles: {p: {params: {a: 1}, env: {B: c}, secrets: {d: e}, pools: {f: 1}}}\n";
  EXPECT_NE(dag_settings_hash(config_of("")), dag_settings_hash(config_of(profile)));
  EXPECT_EQ(dag_settings_hash(config_of(profile)), dag_settings_hash(config_of(profile)));
  EXPECT_TRUE(changes_dags(config_of(""), config_of(profile)));
}

}  // namespace
}  // namespace baton
