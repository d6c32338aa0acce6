// ApiAssets: what asset events start, as the API may change it, over the AssetRuns of a server. Any thread; what it
// asks for is done on the loop. It goes when the loop has ended.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "scheduler/loop/asio_loop.h"
#include "scheduler/service/asset_runs.h"
#include "web/api/asset_door.h"

namespace baton {

class ApiAssets final : public api::AssetDoor {
 public:
  ApiAssets(AsioLoop& loop, AssetRuns& runs) : loop_(loop), runs_(runs) {}
  ~ApiAssets() override { *is_alive_ = false; }

  void skip(std::string dag_id, std::string asset, api::Asker asker, OnDone done) override;
  void quarantine(std::string asset, bool is_held, std::string why, api::Asker asker, OnDone done) override;

 private:
  template <typename F>
  void on_loop(F what) {
    loop_.post([alive = is_alive_, what = std::move(what)] {
      if (*alive) what();
    });
  }

  AsioLoop& loop_;
  AssetRuns& runs_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace baton
