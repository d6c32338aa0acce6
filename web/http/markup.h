// Texts in HTML and XML. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace baton::http {

/// As text and as the value of an attribute in quotes. What XML 1.0 (section 2.2) cannot hold at all is shown as a
/// question mark.
std::string in_markup(std::string_view text);

}  // namespace baton::http
