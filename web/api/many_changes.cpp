#include "web/api/many_changes.h"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace baton::api {

namespace {

struct Gathering {
  std::mutex mutex;
  std::vector<Changed> changed;
  std::optional<Error> first_error;
  std::size_t open = 0;
  std::function<void(Result<std::vector<Changed>>)> done;

  void take(std::size_t place, Result<Changed> one) {
    {
      const std::lock_guard lock(mutex);
      if (one) changed[place] = std::move(*one);
      if (!one && !first_error) first_error = one.error();
      if (--open > 0) return;
    }
    first_error ? done(*first_error) : done(std::move(changed));
  }
};

RunNo run_of(const ChangeAsk& ask) {
  return std::visit(
      [](const auto& what) -> RunNo {
        if constexpr (requires { what.run_no; }) return what.run_no;
        return 0;
      },
      ask.what);
}

}  // namespace

void change_all(Door& door, std::vector<ChangeAsk> asks, const Asker& asker, const Once& once,
                std::function<void(Result<std::vector<Changed>>)> done) {
  if (asks.empty()) return done(std::vector<Changed>{});
  auto gathering = std::make_shared<Gathering>();
  gathering->changed.resize(asks.size());
  gathering->open = asks.size();
  gathering->done = std::move(done);
  for (std::size_t k = 0; k < asks.size(); ++k) {
    Once own = once;
    if (!own.key.empty() && asks.size() > 1) own.key += "#" + std::to_string(run_of(asks[k]));
    door.change(std::move(asks[k]), asker, std::move(own),
                [gathering, k](Result<Changed> one) { gathering->take(k, std::move(one)); });
  }
}

}  // namespace baton::api
