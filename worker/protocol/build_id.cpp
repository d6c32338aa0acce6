#include "worker/protocol/build_id.h"

#include <sys/stat.h>

namespace baton::wire {

std::string build_id_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return std::string(BATON_VERSION) + '/' + std::to_string(info.st_size) + '/' + std::to_string(info.st_mtim.tv_sec) +
         '.' + std::to_string(info.st_mtim.tv_nsec);
}

}  // namespace baton::wire
