// The built page as bytes within the program: the files of web/ui/dist, by name. What the build writes them into is
// made by cmake/Page.cmake. Constants; any thread.
#pragma once

#include <string_view>
#include <vector>

namespace baton::page {

struct BuiltFile {
  std::string_view name;  ///< `index.html`, `assets/index-1a2b.js`
  std::string_view bytes;
  std::string_view brotli;  ///< the same, packed; empty: there is none, for it would not be smaller
  std::string_view gzip;
};

/// Sorted by name. Without index.html there is no page.
const std::vector<BuiltFile>& built_files();

}  // namespace baton::page
