// The readers that the conformance suite runs over.
#pragma once

#include <memory>
#include <string>

#include "scheduler/engine/reader.h"
#include "scheduler/engine/store.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"

namespace baton {

/// A store that tests fill, and readers of what it holds.
class ReaderBackend {
 public:
  virtual ~ReaderBackend() = default;
  virtual Store& store() = 0;
  /// A reader that sees all that is durable; aborts the test where it cannot be opened.
  virtual std::unique_ptr<Reader> reader() = 0;
  /// Whether a reader sees what is written after it was made.
  [[nodiscard]] virtual bool is_followed() const { return true; }
};

struct ReaderBackendKind {
  std::string name;
  std::unique_ptr<ReaderBackend> (*make)(TestLoop& loop);
};

}  // namespace baton
