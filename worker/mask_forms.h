// The forms in which a secret value may stand in what a task writes: as it is, and as the encoders and shells that
// people use would write it. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace baton::worker {

/// Values shorter than this are not masked: they would turn every log to stars and guard nothing.
inline constexpr std::size_t kMaskBytesMin = 3;
/// Values from this length on may not stand in outputs. A shorter one stands there by chance too often.
inline constexpr std::size_t kSecretOutputBytesMin = 8;

/// All the forms in which `secret` is looked for, sorted, each once, none shorter than `bytes_min`:
///   itself, and each line of it
///   base64 at its three alignments, in the standard and the URL alphabet
///   percent-encoded, with and without `/` and with `+` for a space
///   as a JSON string: \u00e9 or é, \/ or /, \u003c or <
///   as a shell quotes it, in `set -x` and printf %q: '\'' and '"'"', $'…', \ before what is special or before all
[[nodiscard]] std::vector<std::string> mask_forms(std::string_view secret, std::size_t bytes_min = kMaskBytesMin);

/// The forms that tools break into lines, of whatever length: base64 at its three alignments, and from the first whole
/// group of four on, where a line may have begun.
[[nodiscard]] std::vector<std::string> broken_forms(std::string_view secret, std::size_t bytes_min = kMaskBytesMin);

/// The text with the escapes of JSON strings undone, wherever a backslash stands: a secret of which any character is
/// written \u00XX is found in it as it is.
[[nodiscard]] std::string json_unescaped(std::string_view text);

}  // namespace baton::worker
