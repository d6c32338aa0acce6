// Characters that look like a space and are none: YAML takes them as part of a text, a shell as part of a word. Editors
// and web pages put them there; nobody sees them. Pure but for the findings; one loading thread.
#pragma once

#include "scheduler/dagfile/node.h"
#include "scheduler/dagfile/reporter.h"

namespace baton::dagfile {

/// In a file with errors: warns of those that stand where YAML wants a space, at most ten. The errors are theirs.
void name_odd_spaces(Reporter& reporter);

/// Warns of the first one in a script that stands outside of quotes and comments.
void warn_odd_space_in_script(Node script, Reporter& reporter);

}  // namespace baton::dagfile
