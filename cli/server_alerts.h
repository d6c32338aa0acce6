// ServerAlerts: what a server tells others. It adds the rows of alerts to the parts that the engine writes, and has what
// stands in the outbox delivered by threads of its own, so that nobody who hangs holds up the loop. Loop thread, but for
// test(). Owned by who serves; outlives the web, and is outlived by the server.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "scheduler/engine/reader.h"
#include "scheduler/host/local/local_server.h"
#include "scheduler/service/alerts.h"
#include "scheduler/service/deliveries.h"
#include "scheduler/service/loader_thread.h"
#include "web/api/alert_door.h"

namespace baton {

class ServerAlerts final : private DeliveryHost, public api::AlertDoor {
 public:
  /// `say`: one line for a person.
  ServerAlerts(LocalServer& server, std::function<void(const std::string& line)> say);
  ~ServerAlerts() override { stop(); }
  ServerAlerts(const ServerAlerts&) = delete;
  ServerAlerts& operator=(const ServerAlerts&) = delete;

  /// Runs that live are watched, DAGs that are stored are read, what is due is sent. `on_dag`: of those DAGs that say
  /// something of alerts, pools or breakers.
  void start(const Config& config, std::function<void(const Dag&)> on_dag);
  void set(const Config& config);
  void learn(const Dag& dag) { alerts_.learn(dag.id, dag.alerts_json); }
  /// Once a second. `late`: how much later than it should have been.
  void beat(DurationUs late);
  /// What is on its way is given up, and told again by the next server. Idempotent.
  void stop();

  void test(std::string target, std::function<void(Status)> done) override;

 private:
  struct Lane {
    LoaderThread thread;
    bool is_busy = false;
  };

  void find_due(WallUs now, std::int64_t limit, OnDue done) override;
  void send(const DeliveryView& what, std::function<void(const Status&)> done) override;
  void write(ServiceRows rows, std::function<void()> done) override;
  void read_dags();
  void read_waiting(Reader& reader, const std::shared_ptr<bool>& alive);
  void read_assets(Reader& reader, const std::shared_ptr<bool>& alive);
  void find_usual(const std::string& dag_id, std::function<void(DurationUs)> done);
  void look_soon();
  void ping_if_due();
  [[nodiscard]] std::shared_ptr<const Alerting> alerting() const;

  LocalServer& server_;
  const std::function<void(const std::string& line)> say_;
  Alerts alerts_;
  std::function<void(const Dag&)> on_dag_;
  Deliveries deliveries_;
  mutable std::mutex mutex_;  ///< of what follows: test() comes from other threads
  std::shared_ptr<const Alerting> alerting_ = std::make_shared<const Alerting>();
  std::array<Lane, Deliveries::kAtOnce> lanes_;
  LoaderThread reading_;  ///< of the outbox, and of DAGs at the start
  LoaderThread trying_;   ///< tests, and the dead man's switch
  std::atomic<bool> ends_ = false;
  bool is_pinging_ = false;
  MonoUs pings_at_ = 0;
  MonoUs looks_until_ = 0;   ///< what was written may have to be found yet
  MonoUs was_behind_ = 0;    ///< 0: never
  int beats_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
