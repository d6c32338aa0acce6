// YAML text → Documents, strictly: what docs/INVARIANTS.md T9 lists is refused here, with its place. yaml-cpp's parser
// gives the events; the tree, the limits and the strictness are ours. No exception leaves. One loading thread.
#pragma once

#include <vector>

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"

namespace baton::dagfile {

struct YamlLimits {
  int depth_max = 64;
  /// Aliases may multiply the nodes of a document at most so many times.
  int alias_factor_max = 10;
  int documents_max = 10'000;
};

/// Reads all documents. After a syntax error the documents before it are returned, and the broken one is not.
/// Everything found goes to `reporter`, whose source is read; documents point into that source.
std::vector<Document> read_yaml(Reporter& reporter, const YamlLimits& limits);

/// Looks for what no YAML reader should be asked to read: no UTF-8, a byte order mark, NUL and other control
/// characters, bidirectional overrides. False when something was reported.
bool check_characters(Reporter& reporter);

}  // namespace baton::dagfile
