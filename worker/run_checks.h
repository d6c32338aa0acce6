// The program of a task with checks (`baton-worker --run-checks`): runs their scripts one after another, each in a shell
// of its own, all of them whatever they come to, and writes what they came to into $BATON_OUTPUT. What its standard
// input says: parts, each as its length, a newline, and so many bytes. The number of words of the shell, these words,
// and of each check its name, its script and a file that is read after it; both may be empty. A process of its own.
#pragma once

namespace baton::worker {

/// 0: all have run, and the results are written; however they came out.
int run_checks();

}  // namespace baton::worker
