#include "scheduler/engine/late_closings.h"

#include <utility>

#include "scheduler/engine/dead_letters.h"

namespace baton {

LateClosings::Number LateClosings::add(std::vector<LetterClosingRow> rows) {
  written_.emplace(++last_, std::move(rows));
  return last_;
}

void LateClosings::note_durable(Number number) {
  durable_ = number;
  drop_old();
}

LateClosings::Number LateClosings::begin_read() {
  return *reads_.insert(durable_ + 1);
}

void LateClosings::end_read(Number read, DagRun* run) {
  for (auto at = written_.lower_bound(read); run != nullptr && at != written_.end(); ++at) {
    forget_closed(*run, at->second);
  }
  reads_.erase(reads_.find(read));
  drop_old();
}

void LateClosings::drop_old() {
  const Number first_wanted = reads_.empty() ? durable_ + 1 : *reads_.begin();
  written_.erase(written_.begin(), written_.lower_bound(first_wanted));
}

}  // namespace baton
