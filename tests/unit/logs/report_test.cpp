#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "scheduler/logs/report_files.h"

namespace baton::logs {
namespace {

namespace fs = std::filesystem;

class ReportFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "baton-report-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text = "x") const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    const auto files = list_report(folder_.string());
    if (files) {
      for (const ReportFile& file : *files) out.push_back(file.name);
    }
    return out;
  }

  fs::path folder_;
};

TEST_F(ReportFiles, TheSummaryIsFirstThenByKindAndName) {
  for (const char* name : {"z.html", "b.csv", "a.csv", "loss.png", "other.md", "summary.md", "model.bin", "n.txt"}) write(name);
  EXPECT_EQ(names(), (std::vector<std::string>{"summary.md", "other.md", "loss.png", "a.csv", "b.csv", "z.html", "n.txt",
                                               "model.bin"}));
}

TEST_F(ReportFiles, LinksFoldersAndOddNamesAreNotThere) {
  write("fine.txt");
  write(".hidden");
  write("a b.txt");
  write("-x");
  fs::create_directory(folder_ / "deeper");
  fs::create_symlink("/etc/passwd", folder_ / "link.txt");
  EXPECT_EQ(names(), (std::vector<std::string>{"fine.txt"}));
  for (const char* name : {"link.txt", "deeper", ".hidden", "a b.txt", "..", ".", "", "../x", "deeper/x", "none.txt"}) {
    const auto bytes = read_report_file(folder_.string(), name);
    ASSERT_FALSE(bytes) << name;
    EXPECT_EQ(bytes.error().kind, ErrorKind::not_found) << name;
  }
}

TEST_F(ReportFiles, AFolderThatIsALinkIsNone) {
  write("fine.txt");
  const fs::path link = folder_.string() + ".link";
  fs::create_directory_symlink(folder_, link);
  EXPECT_TRUE(list_report(link.string())->empty());
  EXPECT_FALSE(read_report_file(link.string(), "fine.txt"));
  fs::remove(link);
}

TEST_F(ReportFiles, NoMoreThanTheLimitsIsListed) {
  for (int k = 0; k < 70; ++k) write("f" + std::to_string(100 + k) + ".txt");
  EXPECT_EQ(names().size(), kReportFilesMax);
  fs::resize_file(folder_ / "f100.txt", static_cast<std::uintmax_t>(kReportBytesMax) + 1);
  EXPECT_EQ(names().front(), "f101.txt");
  EXPECT_FALSE(read_report_file(folder_.string(), "f100.txt"));
}

TEST_F(ReportFiles, ThereMayBeNone) {
  const auto files = list_report((folder_ / "none").string());
  ASSERT_TRUE(files);
  EXPECT_TRUE(files->empty());
}

TEST(ReportNames, TheTypeFollowsFromTheEndingAlone) {
  EXPECT_EQ(report_type("a.html"), "text/html; charset=utf-8");
  EXPECT_EQ(report_type("a.html.bin"), "application/octet-stream");
  EXPECT_EQ(report_type("html"), "application/octet-stream");
  EXPECT_EQ(report_kind("a.svg"), ReportKind::image);
  EXPECT_TRUE(is_report_name("A_1-b.c"));
  EXPECT_FALSE(is_report_name(std::string(129, 'a')));
  EXPECT_FALSE(is_report_name("a\"b"));
  EXPECT_FALSE(is_report_name("a\nb"));
}

}  // namespace
}  // namespace baton::logs
