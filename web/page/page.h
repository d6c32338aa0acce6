// The page that people look at: its document at every path that it knows, its scripts and sheets below /assets. It
// reaches everything else over the API, so anyone may load it: without a session it shows how to get in, and nothing
// more. Any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "scheduler/model/result.h"
#include "web/http/message.h"
#include "web/http/router.h"

namespace baton::page {

struct PageOptions {
  std::string folder;  ///< a built page on disk that is read anew each time, for who works on it; empty: the one within
  /// Who has a session here, as `/auth/session` says it; empty: nobody. May be empty itself: then the page asks.
  std::function<std::string(const http::Request& request)> who;
};

/// Adds the routes. invalid: a path is taken.
Status add_page(http::Router& router, const PageOptions& options);

/// The document as the answer of 404, for a browser that asks for a page that is none: it says so as the page does. None
/// for what is no page to anyone: paths of the API, programs.
std::optional<http::Response> not_found(const http::Request& request, const PageOptions& options);

/// The document for a path of that many segments. Its <base> leads up to the root, so that the page works behind any
/// prefix that a proxy takes away.
std::string document_at(std::string_view document, std::size_t depth);

/// Whether the header Accept-Encoding takes it: named, and not with a weight of nothing.
bool accepts(std::string_view accept_encoding, std::string_view coding);

}  // namespace baton::page
