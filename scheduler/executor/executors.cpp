#include "scheduler/executor/executors.h"

#include <algorithm>
#include <utility>

#include "scheduler/model/check.h"

namespace baton {

/// One executor, and the ear that hears it: what it names is its own.
class Executors::Route final : public ExecutorEvents {
 public:
  Route(Executors& all, std::string executor_name, Executor& to)
      : name(std::move(executor_name)), executor(to), all_(all) {}

  void attempt_accepted(AttemptKey key, const WorkerRef& worker, const std::string& handle) override {
    note(key);
    engine->attempt_accepted(key, worker, handle);
  }
  void attempt_started(AttemptKey key, const WorkerRef& worker, std::int32_t pid, WallUs at) override {
    note(key);
    engine->attempt_started(key, worker, pid, at);
  }
  void attempt_ended(const AttemptEnd& end) override {
    note(end.key);
    engine->attempt_ended(end);
  }
  void worker_capacity(const WorkerRef& worker, std::int32_t slots, const std::vector<std::string>& labels,
                       const std::string& why) override {
    engine->worker_capacity(worker, slots, labels, why);
  }
  void worker_ready(const WorkerRef& worker, const std::vector<AttemptKey>& live) override {
    for (const AttemptKey& key : live) note(key);
    engine->worker_ready(worker, live);
  }
  void worker_gone(const WorkerRef& worker, const std::string& why) override { engine->worker_gone(worker, why); }
  void executor_settled(const std::string& of) override { engine->executor_settled(of); }

  const std::string name;
  Executor& executor;
  ExecutorEvents* engine = nullptr;

 private:
  void note(AttemptKey key) {
    if (all_.routes_.size() > 1) all_.holders_.insert_or_assign(key, this);
  }

  Executors& all_;
};

Executors::Executors() = default;
Executors::~Executors() = default;

void Executors::add(const std::string& name, Executor& executor) {
  routes_.push_back(std::make_unique<Route>(*this, name, executor));
}

ExecutorEvents& Executors::events(const std::string& name, ExecutorEvents& engine) {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const auto& route) { return route->name == name; });
  BATON_CHECK(found != routes_.end());
  (*found)->engine = &engine;
  return **found;
}

Executors::Route& Executors::route_for(const LaunchSpec& spec) {
  if (routes_.size() == 1 || spec.worker == nullptr) return *routes_.front();
  for (const auto& route : routes_) {
    if (route->name != spec.worker->executor) continue;
    holders_.insert_or_assign(spec.key, route.get());
    return *route;
  }
  return *routes_.front();
}

Executors::Route& Executors::route_of(AttemptKey key) {
  if (routes_.size() == 1) return *routes_.front();
  const auto at = holders_.find(key);
  return at == holders_.end() ? *routes_.front() : *at->second;
}

void Executors::launch(LaunchSpec spec) {
  Route& route = route_for(spec);
  route.executor.launch(std::move(spec));
}

void Executors::prepare(LaunchSpec spec) {
  Route& route = route_for(spec);
  route.executor.prepare(std::move(spec));
}

void Executors::release(AttemptKey key) { route_of(key).executor.release(key); }

void Executors::stop(AttemptKey key, DurationUs grace_us, bool kill_now) {
  route_of(key).executor.stop(key, grace_us, kill_now);
}

void Executors::acknowledge(AttemptKey key) {
  route_of(key).executor.acknowledge(key);
  holders_.erase(key);
}

void Executors::flush() {
  for (const auto& route : routes_) route->executor.flush();
}

}  // namespace baton
