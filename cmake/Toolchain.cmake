# Libraries by their Debian names, warnings, hardening, sanitizers. Included once.
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(absl REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(LIBPQ REQUIRED libpq)
if(BATON_TESTS)
  find_package(GTest REQUIRED)
endif()
if(NOT TARGET re2::re2)
  add_library(re2::re2 ALIAS PkgConfig::RE2)
endif()

option(BATON_STATIC_LIBRARIES "Link the archives of the libraries, but for the C library's" ON)
if(BATON_SANITIZE OR BATON_FUZZ)  # These see more of shared ones.
  set(BATON_STATIC_LIBRARIES OFF)
endif()
if(BATON_STATIC_LIBRARIES)
  include(Archives)
  baton_link_archives(SQLite::SQLite3 OpenSSL::Crypto yaml-cpp absl::time PkgConfig::RE2 PkgConfig::SODIUM ZLIB::ZLIB)
  set_property(TARGET SQLite::SQLite3 APPEND PROPERTY INTERFACE_LINK_LIBRARIES m ${CMAKE_DL_LIBS})
endif()

find_program(BATON_CCACHE ccache)
if(BATON_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BATON_CCACHE})
endif()
find_program(BATON_MOLD mold)

add_library(baton_options INTERFACE)
target_compile_options(baton_options INTERFACE
  -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-field-initializers
  -Werror -fstack-protector-strong -fcf-protection)
target_compile_definitions(baton_options INTERFACE
  _GLIBCXX_ASSERTIONS BOOST_ASIO_DISABLE_CO_AWAIT BOOST_ASIO_NO_DEPRECATED BOOST_BIND_GLOBAL_PLACEHOLDERS
  BATON_VERSION="${PROJECT_VERSION}")
target_link_libraries(baton_options INTERFACE Threads::Threads)
if(BATON_MOLD)
  target_link_options(baton_options INTERFACE -fuse-ld=mold)
endif()
target_link_options(baton_options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(BATON_SANITIZE)
  target_compile_options(baton_options INTERFACE -fsanitize=${BATON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(BATON_SANITIZE MATCHES undefined AND NOT BATON_FUZZ)
    # These stand at every access and cost the compiler a fifth of its time. What is null or outside of its object the
    # address sanitizer sees too; the fuzz targets have them all.
    target_compile_options(baton_options INTERFACE -fno-sanitize=null,alignment,object-size)
  endif()
  target_link_options(baton_options INTERFACE -fsanitize=${BATON_SANITIZE})
  if(BATON_SANITIZE STREQUAL thread)  # Asio has fences, which TSan does not see; the store has mutexes alone
    target_compile_options(baton_options INTERFACE -Wno-tsan)
  endif()
else()
  target_compile_options(baton_options INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
# Clang is here for libFuzzer, and because it compiles the sanitized build in half the time; what is a warning is GCC's to
# decide, which compiles the same files for the release.
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(baton_options INTERFACE -w)
endif()
if(BATON_FUZZ)
  target_compile_options(baton_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(BATON_SEEDED_BUGS)
  target_compile_definitions(baton_options INTERFACE BATON_SEEDED_BUGS)
endif()
# Release keeps its checks (BATON_CHECK does not depend on NDEBUG) and its line tables.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
