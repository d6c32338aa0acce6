#include "scheduler/curl/curl.h"

#include <dlfcn.h>

namespace baton::curl {
namespace {

struct Library {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  std::string why_not;  ///< it cannot be used; empty: it can
};

template <typename F>
void find(void* library, const char* name, F& function, std::string& why_not) {
  function = reinterpret_cast<F>(::dlsym(library, name));
  if (function == nullptr && why_not.empty()) why_not = std::string("this libcurl has no ") + name;
}

Library load() {
  Library out;
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    out.why_not = "URLs are asked through libcurl.so.4, which is not installed (on Debian: apt-get install libcurl4)";
    return out;
  }
  find(library, "curl_global_init", out.global_init, out.why_not);
  find(library, "curl_easy_init", out.easy_init, out.why_not);
  find(library, "curl_easy_cleanup", out.easy_cleanup, out.why_not);
  find(library, "curl_easy_reset", out.easy_reset, out.why_not);
  find(library, "curl_easy_setopt", out.easy_setopt, out.why_not);
  find(library, "curl_easy_perform", out.easy_perform, out.why_not);
  find(library, "curl_easy_getinfo", out.easy_getinfo, out.why_not);
  find(library, "curl_easy_strerror", out.easy_strerror, out.why_not);
  find(library, "curl_slist_append", out.slist_append, out.why_not);
  find(library, "curl_slist_free_all", out.slist_free_all, out.why_not);
  if (out.why_not.empty() && out.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) out.why_not = "libcurl cannot be used";
  return out;
}

/// Never unloaded: what it brings along registers what runs at the end of the process.
const Library& library() {
  static const Library& loaded = *new Library(load());
  return loaded;
}

}  // namespace

void Lines::End::operator()(curl_slist* list) const {
  library().slist_free_all(list);
}

void Lines::add(const std::string& line) {
  if (!library().why_not.empty()) return;
  curl_slist* const longer = library().slist_append(list_.get(), line.c_str());
  if (longer == nullptr) return;
  (void)list_.release();
  list_.reset(longer);
}

void Session::End::operator()(CURL* handle) const {
  library().easy_cleanup(handle);
}

Session::Session(CURL* handle) : handle_(handle), setopt_(library().easy_setopt), getinfo_(library().easy_getinfo) {}

Result<Session> Session::begin() {
  if (!library().why_not.empty()) return Error{library().why_not, ErrorKind::unavailable};
  CURL* const handle = library().easy_init();
  if (handle == nullptr) return Error{"libcurl cannot be used", ErrorKind::unavailable};
  return Session(handle);
}

void Session::reset() {
  library().easy_reset(handle_.get());
}

CURLcode Session::perform() {
  return library().easy_perform(handle_.get());
}

std::string words_of(CURLcode code) {
  return library().easy_strerror(code);
}

}  // namespace baton::curl
