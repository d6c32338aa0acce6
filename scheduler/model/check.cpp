#include "scheduler/model/check.h"

#include <cstdio>
#include <cstdlib>

namespace baton {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "baton: invariant broken: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace baton
