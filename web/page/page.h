// The page that people look at: its document at every path that it knows, its scripts and sheets below /assets. It
// reaches everything else over the API, so anyone may load it: without a session it shows how to get in, and nothing
// more. Any thread.
#pragma once

#include <string>

#include "scheduler/model/result.h"
#include "web/http/message.h"
#include "web/http/router.h"

namespace baton::page {

/// Adds the routes. `folder`: a built page on disk that is read anew for each request, for who works on it; empty: the
/// one within the program. invalid: a path is taken.
Status add_page(http::Router& router, const std::string& folder);

/// The document for a path of that many segments. Its <base> leads up to the root, so that the page works behind any
/// prefix that a proxy takes away.
std::string document_at(std::string_view document, std::size_t depth);

/// Whether the header Accept-Encoding takes it: named, and not with a weight of nothing.
bool accepts(std::string_view accept_encoding, std::string_view coding);

}  // namespace baton::page
