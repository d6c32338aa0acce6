#include "scheduler/service/config_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "scheduler/dagfile/diagnostic.h"
#include "scheduler/digest/digest.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

constexpr DurationUs kLookAtConfigUs = kSecond;

auto pools_by_name(const Config& config) {
  std::vector<PoolSpec> out = config.pools;
  std::ranges::sort(out, {}, &PoolSpec::name);
  return out;
}

/// What the files of DAGs are read with.
auto for_dags(const Config& config) {
  return std::tie(config.breakers_json, config.assets_json, config.calendars_json, config.connections,
                  config.max_file_bytes, config.max_depth, config.profile.name, config.profile.params,
                  config.profile.env);
}

ConfigStamp stamp_of(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
  const WallUs mtime = found.st_mtim.tv_sec * kSecond + found.st_mtim.tv_nsec / 1'000;
  return {true, found.st_size, static_cast<std::int64_t>(found.st_ino), mtime};
}

}  // namespace

std::vector<std::string> needs_restart(const Config& old, const Config& fresh) {
  std::vector<std::string> out;
  if (old.pass_env != fresh.pass_env) out.emplace_back("pass_env");
  if (old.listen != fresh.listen) out.emplace_back("listen");
  if (old.public_url != fresh.public_url) out.emplace_back("public_url");
  if (old.log_format != fresh.log_format) out.emplace_back("log.format");
  if (old.max_instances != fresh.max_instances) out.emplace_back("limits.instances");
  if (old.profile.secrets != fresh.profile.secrets) out.emplace_back("profiles." + fresh.profile.name + ".secrets");
  for (const PoolSpec& pool : old.pools) {
    const bool stays = std::any_of(fresh.pools.begin(), fresh.pools.end(),
                                   [&](const PoolSpec& one) { return one.name == pool.name; });
    if (!stays) out.push_back("pools." + pool.name);  // who waits for it would wait for nothing
  }
  return out;
}

bool changes_dags(const Config& old, const Config& fresh) {
  return for_dags(old) != for_dags(fresh) || pools_by_name(old) != pools_by_name(fresh);
}

std::string dag_settings_hash(const Config& config) {
  ValueMap env;
  for (const EnvEntry& entry : config.profile.env) {
    env.emplace_back(Value(entry.name), ValueList{entry.value.source, entry.secret});
  }
  ValueList pools;  // a task that names one which is not declared is a mistake of its file
  for (const PoolSpec& pool : pools_by_name(config)) pools.emplace_back(pool.name);
  return sha256_hex(to_json(Value(ValueMap{{"breakers", config.breakers_json},
                                           {"assets", config.assets_json},
                                           {"calendars", config.calendars_json},
                                           {"file", config.max_file_bytes},
                                           {"depth", config.max_depth},
                                           {"profile", config.profile.name},
                                           {"params", config.profile.params},
                                           {"env", std::move(env)},
                                           {"pools", std::move(pools)}})));
}

bool are_equal(const Config& one, const Config& other) {
  Config same_place = other;  // all of it is compared: what is not named in a list would never be taken
  same_place.path = one.path;
  return one == same_place;
}

void ConfigWatch::start(Config config) {
  config_ = std::move(config);
  wait();
}

void ConfigWatch::stop() {
  *is_alive_ = false;
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
}

void ConfigWatch::wait() {
  const auto look = [this, alive = is_alive_] {
    timer_ = 0;
    look_(known_, [this, alive](const ConfigLook& found) {
      if (*alive) looked(found);
    });
  };
  timer_ = loop_.call_at(loop_.mono_now() + kLookAtConfigUs, look);
}

void ConfigWatch::looked(const ConfigLook& look) {
  wait();
  if (look.stamp == known_) return;
  const bool was_there = known_.is_there;
  known_ = look.stamp;
  if (look.read) return take(*look.read);
  if (was_there && !look.stamp.is_there) {
    say_trouble("baton.yaml is gone: its settings stay until the server starts anew");
  }
}

void ConfigWatch::take(const ConfigResult& read) {
  if (!read.ok()) return say_trouble("baton.yaml is left as it was: " + render_text(read.diagnostics));
  trouble_.clear();
  if (are_equal(config_, read.config)) return;
  const Config old = std::exchange(config_, read.config);
  hooks_.changed(old, config_);
  std::string late;
  for (const std::string& name : needs_restart(old, config_)) late += (late.empty() ? "" : ", ") + name;
  hooks_.say("baton.yaml was read anew" + (late.empty() ? "" : "; a restart is needed for " + late));
}

void ConfigWatch::say_trouble(const std::string& what) {
  trouble_ = what;
  hooks_.say(what);
}

ConfigWatch::Look look_at_config(Loop& loop, LoaderThread& thread, std::string path, std::string profile) {
  return [&loop, &thread, path = std::move(path), profile = std::move(profile)](const ConfigStamp& known, ConfigWatch::OnLooked done) {
    thread.post([&loop, path, profile, known, done = std::move(done)] {
      ConfigLook look{stamp_of(path), std::nullopt};
      if (look.stamp.is_there && !(look.stamp == known)) look.read = load_config(path, profile);
      loop.post([look = std::move(look), done] { done(look); });
    });
  };
}

}  // namespace baton
