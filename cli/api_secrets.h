// ApiSecrets: the vault of the state folder, as the API may change it. Any thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/engine/loop.h"
#include "scheduler/host/local/vault.h"
#include "web/api/secret_door.h"

namespace baton {

class ApiSecrets final : public api::SecretDoor {
 public:
  /// `loop` tells the time.
  ApiSecrets(const std::string& state_folder, Loop& loop) : vault_(state_folder), loop_(loop) {}

  Result<std::vector<api::SecretView>> list() override {
    const auto all = vault_.list();
    if (!all) return all.error();
    std::vector<api::SecretView> out;
    for (const Vault::Entry& one : *all) out.push_back({one.name, one.updated_by, one.updated_at});
    return out;
  }
  Status set(const std::string& name, const std::string& value, const std::string& by) override {
    return vault_.set(name, value, by, loop_.wall_now());
  }
  Status remove(const std::string& name) override { return vault_.remove(name); }

 private:
  Vault vault_;
  Loop& loop_;
};

}  // namespace baton
