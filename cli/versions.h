// Versions of the libraries that this binary is built on, as they answer at run time where they can.
#pragma once

#include <string>
#include <vector>

namespace baton::cli {

struct LibraryVersion {
  std::string name, version;
};

std::vector<LibraryVersion> library_versions();

}  // namespace baton::cli
