// What `baton simulate` says of a simulation: as text, as a document. Pure; any thread.
#pragma once

#include <string>

#include "cli/text/style.h"
#include "scheduler/model/value.h"
#include "scheduler/rehearsal/simulation.h"

namespace baton::cli {

/// Tables, no wider than `width` if that can be had (0: no limit). `lists_runs`: each run has a line.
std::string text_of(const rehearsal::Outlook& outlook, const text::Style& style, std::size_t width, bool lists_runs);
Value document_of(const rehearsal::Outlook& outlook);

}  // namespace baton::cli
