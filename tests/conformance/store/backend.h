// The stores that the conformance suite runs over.
#pragma once

#include <memory>
#include <string>

#include "scheduler/engine/store.h"
#include "tests/conformance/store/sample.h"
#include "tests/conformance/store/test_loop.h"

namespace baton {

/// One kind of store, with what it keeps between two openings.
class Backend {
 public:
  virtual ~Backend() = default;
  /// Opens the store (again); aborts the test where it cannot.
  virtual std::unique_ptr<Store> open(Loop& loop) = 0;
  [[nodiscard]] virtual bool survives_closing() const { return true; }
};

struct BackendKind {
  std::string name;
  std::unique_ptr<Backend> (*make)();
};

}  // namespace baton
