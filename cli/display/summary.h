// The last words of a run: how it ended, what failed and what it said, where everything lies, what to type next.
// Reads the logs of what failed; after the run.
#pragma once

#include <string>
#include <vector>

#include "cli/display/run_picture.h"
#include "cli/text/style.h"

namespace baton::display {

struct SummaryOptions {
  text::Style style;
  std::size_t columns = 80;      ///< 0: no limit
  std::string state_folder;      ///< absolute; empty: logs lie elsewhere
  std::string shown_folder;      ///< as people would type it; empty as well
  std::string run_words;         ///< how to name the run in the commands that follow: `@latest`
  std::string state_flag;        ///< ` --state DIR` where it must be typed again
  bool interrupted = false;
};

std::string summary_of(const RunPicture& picture, const SummaryOptions& options);

}  // namespace baton::display
