// The commit of the git work tree that holds a file, read from git's own files: no program is started, so that no hook
// and no setting of a repository acts. Blocks for a few small reads; any thread.
#pragma once

#include <string>

namespace baton {

/// Of the nearest folder upwards with a `.git`: what its HEAD points to, in hexadecimal. Empty: there is none, nothing
/// was committed yet, or it is kept in a way that this does not read (reftables). Whether the file is as it was
/// committed is not known: that needs the whole index.
std::string git_commit_of(const std::string& file);

}  // namespace baton
