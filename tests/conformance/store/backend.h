// The stores that the conformance suite runs over.
#pragma once

#include <functional>
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
  /// Lets time go on until what the store answers has come about.
  virtual void run_until(TestLoop& loop, const std::function<bool()>& done) { loop.run_until(done); }
};

/// The store of the simulation (tests/sim), which trusts it to be like the real one. All of this suite is what the
/// engine relies on, so it runs all of it; what people and services read of a store (Reader, ServiceStore) it does not
/// have, and those have suites of their own.
std::unique_ptr<Backend> make_simulated();

struct BackendKind {
  std::string name;
  std::unique_ptr<Backend> (*make)();
};

}  // namespace baton
