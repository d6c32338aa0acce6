// What `baton test` says of tests: as text, as a document, as JUnit's XML. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "cli/text/style.h"
#include "scheduler/model/value.h"
#include "scheduler/rehearsal/rehearsal.h"

namespace baton::cli {

struct TestResult {
  std::string name, file, dag_id;
  std::uint32_t line = 1;
  std::vector<rehearsal::Difference> differences;
  std::string dag_file;     ///< where the DAG stands
  std::string note;         ///< what was taken for granted; empty: nothing
  std::string error;        ///< why it could not be played; empty: it was
  DurationUs took_us = 0;   ///< of this machine's time
  [[nodiscard]] bool passed() const { return differences.empty() && error.empty(); }
};

/// A line, and one for each difference.
std::string text_of(const TestResult& result, const text::Style& style);
std::string summary_of(const std::vector<TestResult>& results, std::size_t files, const text::Style& style);
Value document_of(const std::vector<TestResult>& results);
/// The form of JUnit's Ant task that CI systems read: a testsuite for each file.
std::string junit_of(const std::vector<TestResult>& results);

}  // namespace baton::cli
