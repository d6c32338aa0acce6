// curl: libcurl, loaded when the first request is made. It brings two dozen libraries along (TLS, Kerberos, LDAP…),
// which would cost every `baton` command 4 ms to start and a server 6 MB, most of whom never ask for a URL. The types
// and options are those of its own header; what is here frees itself.
//
// Sessions: one thread at a time. Loading: any thread.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "scheduler/model/result.h"

namespace baton::curl {

/// Lines of a header, or recipients of a mail.
class Lines {
 public:
  /// A line that does not fit into memory is left out.
  void add(const std::string& line);
  [[nodiscard]] curl_slist* get() const { return list_.get(); }

 private:
  struct End {
    void operator()(curl_slist* list) const;
  };
  std::unique_ptr<curl_slist, End> list_;
};

/// One handle, for requests one after another.
class Session {
 public:
  /// unavailable: the library is not installed, or cannot be used; the message says what to do.
  [[nodiscard]] static Result<Session> begin();

  /// What is pointed to must live until the request is done, but for strings, which are copied (libcurl's own rule).
  template <typename T>
  void set(CURLoption option, T value) {
    setopt_(handle_.get(), option, value);
  }
  /// Back to the options of a new one; connections stay open.
  void reset();
  [[nodiscard]] CURLcode perform();
  template <typename T>
  void get(CURLINFO info, T* to) {
    getinfo_(handle_.get(), info, to);
  }

 private:
  struct End {
    void operator()(CURL* handle) const;
  };
  explicit Session(CURL* handle);
  std::unique_ptr<CURL, End> handle_;
  decltype(&curl_easy_setopt) setopt_;
  decltype(&curl_easy_getinfo) getinfo_;
};

/// For people. Only of what a session has answered.
[[nodiscard]] std::string words_of(CURLcode code);

}  // namespace baton::curl
