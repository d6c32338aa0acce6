#include "scheduler/host/local/run_folders.h"

#include <sys/stat.h>

#include <cerrno>

namespace baton {

void RunFolders::make(RunNo run_no) const {
  for (const char* part : {"/work", "/logs", "/outputs"}) {
    const std::string base = state_folder_ + part;
    const std::string folder = base + "/" + std::to_string(run_no);
    if (mkdir(folder.c_str(), 0700) == 0 || errno != ENOENT) continue;
    mkdir(base.c_str(), 0700);  // the first run of this state folder
    mkdir(folder.c_str(), 0700);
  }
}

}  // namespace baton
