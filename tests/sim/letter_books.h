// LetterBooks: the dead letters of a simulated day and the jobs over them, as they lie on disk. Every part is held against
// what is promised of them: who gives up leaves one letter, with its end, and who may not leave one leaves none; a letter
// is redriven once, in the part that clears its task instance; a job comes to its end, having dealt with all that it was
// about. What a letter is for is told from the rows of task instances alone. Owned by Disk.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/control/letter_job.h"
#include "scheduler/engine/batch.h"
#include "scheduler/engine/reader_views.h"
#include "tests/sim/ground.h"
#include "tests/sim/instance_end.h"

namespace baton::sim {

struct DiskRun;

class LetterBooks {
 public:
  using FindRun = std::function<const DiskRun*(RunNo)>;
  LetterBooks(Ground& ground, FindRun find_run) : ground_(ground), find_run_(std::move(find_run)) {}

  /// A part has been written, and its rows are on disk.
  void take(const Part& part);
  [[nodiscard]] const std::map<std::int64_t, DeadLetterRow>& letters() const { return letters_; }
  /// As recovery reads them, by instance.
  [[nodiscard]] std::vector<OpenLetter> open_of(RunNo run_no) const;
  /// What a reader lists.
  [[nodiscard]] LetterPage page(const LetterQuery& query) const;
  /// As ServiceStore::load_service().
  void fill(std::vector<BulkJobRow>& open, std::int64_t& last_no) const;
  /// Somebody is about to ask for a job; the text tells it apart from all others.
  void asks(const LetterJobAsk& ask) { asks_[ask.why] = ask; }
  [[nodiscard]] const std::map<std::string, LetterJobAsk>& asked() const { return asks_; }
  /// Somebody was told that a letter is tried again.
  void accepted(std::int64_t letter_no);
  /// Some minutes after the last fault.
  void check_quiet();

 private:
  using Place = std::pair<RunNo, InstanceNo>;
  struct Job {
    BulkJobRow row;
    MonoUs made_at = 0;
    std::int64_t closed = 0;      ///< letters, by it
    std::int64_t late = 0;        ///< letters that it was to discard, and that somebody had dealt with by then
  };

  void close(const LetterClosingRow& row, const Part& part);
  void put(const DeadLetterRow& row);
  void check_instance(const TaskRow& row, const Part& part);
  void check_redriven(const Part& part);
  void take(const BulkJobRow& row);
  void check_through(const Job& job);
  [[nodiscard]] static bool is_meant(const LetterFilter& filter, const DeadLetterRow& letter);
  void fail(const std::string& what) { ground_.findings.fail("LETTERS", what); }
  void fail(const DeadLetterRow& row, const std::string& what);

  Ground& ground_;
  FindRun find_run_;
  std::map<std::int64_t, DeadLetterRow> letters_;
  std::map<Place, std::map<Epoch, std::int64_t>> of_instance_;  ///< their numbers
  std::map<Place, InstanceEnd> ends_;                           ///< as they were last written
  std::map<Place, MonoUs> ended_at_;                            ///< when
  std::map<std::int64_t, MonoUs> left_at_;                      ///< when a letter was left, or left again
  std::set<std::int64_t> left_again_;                           ///< without a try of their own
  std::map<std::int64_t, int> told_;                            ///< how often somebody heard that it is redriven
  std::map<std::int64_t, Job> jobs_;
  std::map<std::string, LetterJobAsk> asks_;
};

}  // namespace baton::sim
