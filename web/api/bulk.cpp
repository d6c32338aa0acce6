#include "web/api/bulk.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "scheduler/json/json_value.h"
#include "scheduler/json/json_writer.h"
#include "web/api/answers.h"
#include "web/api/fields.h"

namespace baton::api {

namespace {

constexpr std::array<std::string_view, 3> kActions = {"create", "update", "delete"};
/// What names an object beside its key.
constexpr std::array<const char*, 4> kNames = {"dag_id", "dag_run_id", "task_id", "map_index"};
constexpr std::chrono::seconds kWaitMost{10};  // for what an object was named by before, until it is durable

struct Item {
  std::size_t action = 0;  ///< of kActions
  BulkWant want = BulkWant::create;
  bool skips = false;  ///< what cannot be done is passed over
  std::string name;
  Value entity;
};

struct Outcome {
  bool is_asked = false;
  std::vector<std::string> done;
  std::vector<std::pair<std::string, int>> failed;  ///< why, and the status that it would have had alone
};

/// All of it, from the first look to the answer. What comes back may come on any thread.
class Bulk : public std::enable_shared_from_this<Bulk> {
 public:
  using Plan = std::function<BulkStep(Call&, BulkWant, const std::string&, const Value&)>;
  using Told = std::function<void(const Call&, const ChangeAsk&)>;
  Bulk(const Call& call, http::Reply reply, std::string key, Told told)
      : call_(call), reply_(std::move(reply)), key_(std::move(key)), told_(std::move(told)) {
    for (const Value& action : call_.body.find("actions")->as_list()) read(action);
  }

  /// What names an object again waits until the one before is durable, and is looked at as it is then: here, on a
  /// thread for handlers.
  void begin(const Plan& plan) {
    for (std::size_t at = 0; at < items_.size();) {
      at = ask_from(at, plan);
      if (at == items_.size() || wait_for_asked()) continue;
      const http::Response late =
          http::error_response(Error{"what came before it is not done yet", ErrorKind::busy}, nullptr);
      const std::lock_guard lock(mutex_);
      for (; at < items_.size(); ++at) failed(items_[at], late.status, late.body);
    }
    std::unique_lock lock(mutex_);
    is_all_asked_ = true;
    if (open_ != 0) return;
    lock.unlock();
    reply_.send(answer());
  }

 private:
  struct Asked {
    std::size_t item;
    Call call;  ///< keeps others from the object
    ChangeAsk ask;
  };

  /// Looks at all from `at` up to the first that names an object of these again, then asks for them together; where it
  /// has stopped.
  std::size_t ask_from(std::size_t at, const Plan& plan) {
    std::vector<Asked> asked;
    for (std::set<std::string> objects; at < items_.size() && objects.insert(object_of(items_[at])).second; ++at) {
      Item& item = items_[at];
      Call own = call_;
      BulkStep step = plan(own, item.want, item.name, item.entity);
      if (step.refused) {
        const std::lock_guard lock(mutex_);
        failed(item, step.refused->status, step.refused->body);
      } else {
        if (!step.told_as.empty()) item.name = std::move(step.told_as);
        asked.push_back({at, std::move(own), std::move(*step.ask)});
      }
    }
    {
      const std::lock_guard lock(mutex_);
      open_ += asked.size();
    }
    for (Asked& one : asked) {
      const auto took = [self = shared_from_this(), k = one.item, own = one.call,
                         ask = told_ ? std::optional(one.ask) : std::nullopt](const Result<Changed>& done) {
        if (done && ask) self->told_(own, *ask);
        self->took(k, done);
      };
      call_.services.door->change(std::move(one.ask), asker_of(call_.request), {}, took);
    }
    return at;
  }

  /// Of its name and of what its entity says beside it.
  static std::string object_of(const Item& item) {
    std::string out = item.name;
    for (const char* name : kNames) {
      const Value* found = item.entity.find(name);
      out += '\n' + (found != nullptr ? to_json(*found) : std::string());
    }
    return out;
  }

  bool wait_for_asked() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kWaitMost, [this] { return open_ == 0; });
  }

  void read(const Value& action) {
    const std::string name = text_member(action, "action");
    const std::size_t which = name == "create" ? 0 : name == "update" ? 1 : 2;
    outcomes_[which].is_asked = true;
    const bool overwrites = text_member(action, "action_on_existence") == "overwrite";
    const bool skips = text_member(action, "action_on_existence") == "skip" ||
                       text_member(action, "action_on_non_existence") == "skip";
    const BulkWant want = which == 1 ? BulkWant::update : which == 2 ? BulkWant::drop
                          : overwrites ? BulkWant::put : BulkWant::create;
    const Value* mask = which == 1 ? action.find("update_mask") : nullptr;
    for (const Value& entity : action.find("entities")->as_list()) {
      const bool is_name = entity.type() == ValueType::string;
      items_.push_back({which, want, skips, is_name ? entity.as_string() : text_member(entity, key_),
                        is_name ? Value(ValueMap{}) : meant_of(entity, mask)});
    }
  }

  /// What names an object is always meant.
  [[nodiscard]] Value meant_of(const Value& entity, const Value* mask) const {
    if (mask == nullptr || mask->type() != ValueType::list || mask->as_list().empty()) return entity;
    const auto is_meant = [&](const std::string& name) {
      for (const char* names : kNames) {
        if (name == names) return true;
      }
      const auto& list = mask->as_list();
      return name == key_ || std::any_of(list.begin(), list.end(), [&](const Value& one) {
               return one.type() == ValueType::string && one.as_string() == name;
             });
    };
    ValueMap meant;
    for (const auto& member : entity.as_map()) {
      if (is_meant(member.first.as_string())) meant.push_back(member);
    }
    return Value(std::move(meant));
  }

  void failed(const Item& item, int status, const std::string& why) {
    if (item.skips && (status == 404 || status == 409)) return;
    outcomes_[item.action].failed.emplace_back(why, status);
  }

  void took(std::size_t k, const Result<Changed>& done) {
    const std::lock_guard lock(mutex_);
    const Item& item = items_[k];
    if (done) outcomes_[item.action].done.push_back(item.name);
    if (!done) {
      const http::Response refusal = http::error_response(done.error(), nullptr);
      failed(item, refusal.status, refusal.body);
    }
    if (--open_ == 0 && is_all_asked_) reply_.send(answer());
    changed_.notify_all();
  }

  http::Response answer() {
    std::string body;
    {
      JsonObject out(body);
      for (std::size_t k = 0; k < kActions.size(); ++k) {
        std::string& to = out.member(kActions[k]);
        if (!outcomes_[k].is_asked) {
          to += "null";
          continue;
        }
        JsonObject one(to);
        append_json_array(one.member("success"), outcomes_[k].done,
                          [](std::string& o, const std::string& name) { append_json_string(o, name); });
        append_json_array(one.member("errors"), outcomes_[k].failed, [](std::string& o, const auto& fault) {
          JsonObject error(o);
          const auto told = from_json(fault.first);
          const Value* detail = told ? told->find("detail") : nullptr;
          error.member("error") += detail != nullptr ? to_json(*detail) : "\"it could not be done\"";
          error.number("status_code", fault.second);
        });
      }
    }
    return json_response(std::move(body));
  }

  const Call call_;
  const http::Reply reply_;
  const std::string key_;
  const Told told_;
  std::vector<Item> items_;
  std::mutex mutex_;  ///< of what follows, once changes are asked for
  std::condition_variable changed_;
  std::array<Outcome, 3> outcomes_;
  std::size_t open_ = 0;
  bool is_all_asked_ = false;
};

}  // namespace

void carry_out_bulk(const Call& call, const http::Reply& reply, std::string key,
                    std::function<BulkStep(Call&, BulkWant, const std::string& name, const Value& entity)> plan,
                    std::function<void(const Call&, const ChangeAsk&)> done) {
  std::make_shared<Bulk>(call, reply, std::move(key), std::move(done))->begin(plan);
}

}  // namespace baton::api
