// A job over dead letters: which ones, and what is to become of them. Its row keeps it as JSON, so that a server that
// starts again goes on with it. Values; pure.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/engine/reader_queries.h"
#include "scheduler/model/result.h"

namespace baton {

struct LetterJobAsk {
  bool discards = false;   ///< they are let go; else they are tried again
  LetterFilter filter;     ///< of those that are open when it comes to them; number_max is its end
  double per_second = 0;   ///< so many at most; 0: as fast as they can be written
  bool takes_latest = false;  ///< their runs go on with the version that their DAG has now
  std::string why;
};

/// The kind of its row.
[[nodiscard]] inline std::string_view kind_of(const LetterJobAsk& ask) {
  return ask.discards ? "discard_dead_letters" : "redrive_dead_letters";
}
[[nodiscard]] std::string job_json(const LetterJobAsk& ask);
/// storage: it is none that job_json() has written.
[[nodiscard]] Result<LetterJobAsk> job_from_json(const std::string& json);

/// `40/s`, `100/m`, `5/h` as so many a second. invalid: it is none.
[[nodiscard]] Result<double> parse_job_rate(std::string_view text);

}  // namespace baton
