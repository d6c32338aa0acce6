// What baton.yaml says something of, whatever it says: for who tells a setting of the file from a default. Pure.
#pragma once

#include <string>
#include <vector>

namespace baton {

/// Its keys, and those one level below: `pools`, `limits`, `limits.file`. None of a text that is no mapping.
std::vector<std::string> config_keys(std::string text);
/// The same of a file; none where it cannot be read.
std::vector<std::string> config_keys_of_file(const std::string& path);

}  // namespace baton
