// Files that come, change, break, share ids and go: without a disk.
#include "scheduler/service/dag_files.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

class Files : public testing::Test {
 protected:
  static FileSeen seen(const std::string& path, const std::string& text, std::int64_t inode = 1) {
    return {path, static_cast<std::int64_t>(text.size()), 7, inode};
  }
  FileChanges put(const std::string& path, const std::string& text) {
    FileRead read;
    read.seen = seen(path, text);
    read.content = load_text(text, path);
    read.hash = read.content.source_sha256;
    read.is_same = read.hash == files_.hash_of(path);
    FileChanges changes = files_.take(std::move(read), ++now_);
    for (const DagFileRow& row : changes.files) rows_[row.path] = row;
    return changes;
  }
  FileChanges drop(const std::string& path) {
    FileChanges changes = files_.drop(path, ++now_);
    for (const DagFileRow& row : changes.files) rows_[row.path] = row;
    return changes;
  }
  static std::string dag(const std::string& id, const std::string& does = "true") {
    return "dag: " + id + "\ntasks:\n  t: {run: \"" + does + "\"}\n";
  }
  static std::vector<std::string> ids(const FileChanges& changes) {
    std::vector<std::string> ids;
    for (const DagGiven& given : changes.given) ids.push_back(given.dag->id);
    return ids;
  }
  using Ids = std::vector<std::string>;

  DagFiles files_{{}, {}};
  std::map<std::string, DagFileRow> rows_;
  WallUs now_ = 100;
};

TEST_F(Files, AFileGivesItsDagsAndChangesThem) {
  EXPECT_EQ(ids(put("a", dag("etl"))), Ids{"etl"});
  EXPECT_EQ(ids(put("a", dag("etl", "false"))), Ids{"etl"});
  EXPECT_TRUE(ids(put("a", dag("etl", "false"))).empty());
  EXPECT_EQ(ids(put("a", "# a comment\n" + dag("etl", "false"))), Ids{"etl"}) << "the same version in other words";
  EXPECT_EQ(rows_.at("a").failed_since, kNoTime);
  EXPECT_EQ(files_.file_of("etl"), "a");
}

TEST_F(Files, SizesOfPoolsAreNoVersionAndAreGivenAllTheSame) {
  put("a", dag("etl") + "pools: {p: 1}\n");
  const FileChanges changes = put("a", dag("etl") + "pools: {p: 4}\n");
  ASSERT_EQ(ids(changes), Ids{"etl"});
  EXPECT_EQ(changes.given.front().dag->pools.front().slots, 4);
}

TEST_F(Files, WhatIsReadAgainForOtherSettingsGivesOnlyOtherVersions) {
  FileRead read;
  read.seen = seen("a", dag("etl"));
  read.content = load_text(dag("etl"), "a");
  read.hash = read.content.source_sha256;
  EXPECT_EQ(ids(files_.take(read, 1)), Ids{"etl"});
  EXPECT_TRUE(ids(files_.take(read, 2)).empty()) << "ten thousand files are not written for a setting of one";
  read.calendars = "{\"off\":[]}";
  EXPECT_EQ(ids(files_.take(read, 3)), Ids{"etl"}) << "its ticks go by them";
}

TEST_F(Files, OnlyWhatLooksChangedIsRead) {
  put("a", dag("etl"));
  EXPECT_FALSE(files_.has_changed(seen("a", dag("etl"))));
  EXPECT_TRUE(files_.has_changed(seen("a", dag("etl"), 2)));
  const auto look = files_.see_all({seen("b", "x")});
  EXPECT_EQ(look.to_read, Ids{"b"});
  EXPECT_EQ(look.gone, Ids{"a"});
}

TEST_F(Files, AFileThatBreaksKeepsItsDagsAndSaysWhy) {
  put("a", dag("etl") + "---\n" + dag("report"));
  const FileChanges broken = put("a", "dag: etl\ntasks:\n  t: {rum: x}\n");
  EXPECT_TRUE(broken.given.empty() && broken.lost.empty());
  EXPECT_EQ(rows_.at("a").failed_since, now_);
  EXPECT_NE(rows_.at("a").findings_json.find("unknown-key"), std::string::npos);
  EXPECT_EQ(files_.file_of("report"), "a");
  const FileChanges mended = put("a", dag("etl"));
  EXPECT_EQ(ids(mended), Ids{"etl"}) << "its words are others";
  EXPECT_EQ(mended.lost, Ids{"report"});
  EXPECT_EQ(rows_.at("a").failed_since, kNoTime);
  EXPECT_EQ(rows_.at("a").findings_json, "");
}

TEST_F(Files, TwoFilesWithOneIdAreToldAtBothPlacesAndTheFirstStays) {
  put("b", dag("etl"));
  const FileChanges second = put("a", dag("etl", "false"));
  EXPECT_TRUE(second.given.empty());
  for (const char* path : {"a", "b"}) {
    EXPECT_NE(rows_.at(path).failed_since, kNoTime) << path;
    EXPECT_NE(rows_.at(path).findings_json.find("duplicate-id"), std::string::npos) << rows_.at(path).findings_json;
  }
  EXPECT_EQ(files_.file_of("etl"), "b");
  EXPECT_EQ(ids(put("b", dag("etl", "echo"))), Ids{"etl"});  // it lives on
  const FileChanges gone = drop("a");
  EXPECT_TRUE(gone.lost.empty());
  EXPECT_EQ(rows_.at("b").failed_since, kNoTime);
}

TEST_F(Files, WhenTheFirstGoesTheSecondIsReadAgainAndTakesTheId) {
  put("a", dag("etl"));
  put("b", dag("etl", "false"));
  const FileChanges gone = drop("a");
  EXPECT_EQ(gone.lost, Ids{"etl"});
  EXPECT_EQ(gone.read_again, std::set<std::string>{"b"});
  FileRead again;
  again.seen = seen("b", dag("etl", "false"));
  again.content = load_text(dag("etl", "false"), "b");
  again.hash = again.content.source_sha256;
  EXPECT_EQ(ids(files_.take(std::move(again), ++now_)), Ids{"etl"});
  EXPECT_EQ(files_.file_of("etl"), "b");
}

TEST_F(Files, AnIdThatMovesToAnotherFileIsTakenOverInEitherOrder) {
  put("a", dag("etl") + "---\n" + dag("report"));
  put("b", dag("report"));
  EXPECT_EQ(files_.file_of("report"), "a");
  const FileChanges moved = put("a", dag("etl"));
  EXPECT_EQ(moved.lost, Ids{"report"});
  EXPECT_EQ(moved.read_again, std::set<std::string>{"b"});
}

TEST_F(Files, AWarmStartReadsNothing) {
  put("a", dag("etl"));
  DagRow row;
  row.dag_id = "etl";
  row.file = "a";
  row.version = load_text(dag("etl"), "a").dags[0]->version;
  DagFiles again({rows_.at("a")}, {row});
  EXPECT_TRUE(again.see_all({seen("a", dag("etl"))}).to_read.empty());
  EXPECT_EQ(again.file_of("etl"), "a");
  FileRead other;
  other.seen = seen("b", dag("etl"));
  other.content = load_text(dag("etl"), "b");
  const FileChanges changes = again.take(std::move(other), 1);
  EXPECT_TRUE(changes.given.empty());
  ASSERT_EQ(changes.files.size(), 2U);  // both are told
  for (const DagFileRow& row_of : changes.files) {
    EXPECT_NE(row_of.findings_json.find("duplicate-id"), std::string::npos) << row_of.path << row_of.findings_json;
  }
}

TEST_F(Files, AFileWithoutADagGivesNothingAndIsNoError) {
  const FileChanges changes = put("a", "name: x\n");
  EXPECT_TRUE(changes.given.empty());
  EXPECT_EQ(rows_.at("a").failed_since, kNoTime);
}

}  // namespace
}  // namespace baton
