// Every *.yaml beside this file against its *.expected: the exact text of the diagnostics. BATON_UPDATE_GOLDEN=1 writes
// the expected texts anew; read the difference before you commit it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "scheduler/dagfile/loader.h"
#include "test_paths.h"

namespace baton {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(baton::checkout::kSourceDir) / "tests/golden";

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, DiagnosticsAreExactly) {
  const std::string name = GetParam() + ".yaml";
  const LoadResult result = load_text(read_all(kFolder / name), name);
  std::string actual = render_text(result.diagnostics);
  for (const auto& dag : result.dags)
    actual += "dag " + dag->id + ": " + std::to_string(dag->tasks.size()) + " tasks\n";
  const auto expected_path = kFolder / (GetParam() + ".expected");
  if (std::getenv("BATON_UPDATE_GOLDEN") != nullptr) std::ofstream(expected_path, std::ios::binary) << actual;
  EXPECT_EQ(actual, read_all(expected_path));
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(cases()), test_name);

TEST(GoldenFolder, HoldsItsCases) {
  EXPECT_GE(cases().size(), 60U);
}

}  // namespace
}  // namespace baton
