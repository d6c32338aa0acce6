#include "cli/versions.h"

#include <CLI/Version.hpp>
#include <absl/base/config.h>
#include <boost/version.hpp>
#include <openssl/opensslv.h>
#include <sqlite3.h>

namespace baton::cli {

std::vector<LibraryVersion> library_versions() {
  const auto dots = [](long a, long b, long c) {
    return std::to_string(a) + "." + std::to_string(b) + "." + std::to_string(c);
  };
  return {
      {"sqlite", sqlite3_libversion()},
      {"openssl", OPENSSL_VERSION_STR},
      {"boost", dots(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
      {"abseil", std::to_string(ABSL_LTS_RELEASE_VERSION)},
      {"cli11", CLI11_VERSION},
      {"compiler", "gcc " __VERSION__},
      {"glibc", dots(__GLIBC__, __GLIBC_MINOR__, 0)},
  };
}

}  // namespace baton::cli
