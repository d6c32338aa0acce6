#include "web/api/event_hub.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "scheduler/json/json_writer.h"
#include "web/api/objects.h"
#include "web/http/handler_pool.h"

namespace baton::api {

namespace {

constexpr std::chrono::milliseconds kGather{100};  // changes within it are one look
constexpr int kLooksPerBeat = 150;                // a comment every 15 s keeps proxies from cutting what is quiet
constexpr std::int64_t kRowsPerLook = 1'000;

std::string_view name_of(baton::Changed kind) {
  switch (kind) {
    case baton::Changed::run: return "run";
    case baton::Changed::instance: return "task_instance";
    case baton::Changed::deleted: return "run_deleted";
    case baton::Changed::dag: return "dag";
    case baton::Changed::dag_file: return "dag_file";
    case baton::Changed::audit: return "event_log";
    case baton::Changed::tick_record: return "tick";
    case baton::Changed::backfill: return "backfill";
    case baton::Changed::backfill_interval: return "backfill_interval";
    case baton::Changed::pool: return "pool";
    case baton::Changed::variable: return "variable";
    case baton::Changed::token: return "token";
    case baton::Changed::bulk_job: return "job";
    case baton::Changed::breaker: return "breaker";
    case baton::Changed::dead_letter: return "dead_letter";
    case baton::Changed::asset: return "asset";
    case baton::Changed::server_state: return "server";
  }
  return "object";
}

/// The bit of a topic is its place.
constexpr std::array<std::string_view, 15> kTopics = {
    "run", "task_instance", "dag", "dag_file", "event_log", "tick", "backfill", "pool",
    "variable", "token", "job", "breaker", "dead_letter", "asset", "server"};

/// Of an event's name; one that belongs to no topic is told to everybody.
Topics topic_of_event(std::string_view name) {
  if (name == "run_deleted") return *topic_of("run");
  if (name == "backfill_interval") return *topic_of("backfill");
  return topic_of(name).value_or(kAllTopics);
}

struct Event {
  std::int64_t seq = 0;
  std::string_view name;
  std::string data;
};

std::vector<Event> events_of(const Changes& changes) {
  std::vector<Event> events;
  for (const RunView& run : changes.runs) {
    events.push_back({run.row.seq, "run", {}});
    append_run(events.back().data, run, {});
  }
  for (const InstanceView& instance : changes.instances) {
    events.push_back({instance.row.seq, "task_instance", {}});
    append_instance(events.back().data, instance);
  }
  for (const ObjectChange& object : changes.objects) {
    events.push_back({object.seq, name_of(object.kind), {}});
    JsonObject out(events.back().data);
    out.text("name", object.name);
  }
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.seq < b.seq; });
  return events;
}

}  // namespace

std::optional<Topics> topic_of(std::string_view name) {
  const auto found = std::find(kTopics.begin(), kTopics.end(), name);
  if (found == kTopics.end()) return std::nullopt;
  return Topics{1} << (found - kTopics.begin());
}

/// With its number: who loses the connection right behind it resumes there, and is not sent back again.
std::string reset_text(std::int64_t seq) {
  return "id: " + std::to_string(seq) + "\nevent: reset\ndata: {}\n\n";
}

/// Only the last event of a seq has its number as `id`: who resumes there has missed nothing of that seq.
std::string event_text(const Changes& changes, std::int64_t& seq, Topics topics) {
  std::string text;
  if (changes.reset) {
    text = reset_text(changes.key.seq);
    seq = changes.key.seq;
  }
  std::vector<Event> events = events_of(changes);
  if (!events.empty() && !changes.has_more) seq = std::max(seq, events.back().seq);
  if (topics != kAllTopics) {
    std::erase_if(events, [&](const Event& event) { return (topic_of_event(event.name) & topics) == 0; });
  }
  for (std::size_t k = 0; k < events.size(); ++k) {
    const bool is_last = k + 1 == events.size() ? !changes.has_more : events[k + 1].seq != events[k].seq;
    if (is_last) {
      text.append("id: ").append(std::to_string(events[k].seq)).append("\n");
      seq = std::max(seq, events[k].seq);
    }
    text.append("event: ").append(events[k].name).append("\ndata: ").append(events[k].data).append("\n\n");
  }
  return text;
}

void EventHub::subscribe(http::StreamWriter listener, std::int64_t seq, Topics topics) {
  const std::lock_guard lock(mutex_);
  if (stops_) return listener->close();
  listeners_.push_back({std::move(listener), seq, topics});
  if (!thread_.joinable()) {
    thread_ = std::thread([this] {
      http::block_signals();
      work();
    });
  }
  changed_.notify_all();
}

void EventHub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
    for (const Listener& listener : listeners_) listener.writer->close();
    listeners_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EventHub::work() {
  int looks = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stops_ || !listeners_.empty(); });
      changed_.wait_for(lock, kGather, [this] { return stops_; });
      if (stops_) return;
    }
    read_changes();
    if (++looks % kLooksPerBeat == 0) say(": still here\n\n");
    drop_closed();
  }
}

/// From where the listener that knows least stands: for the others some events are repeated, with the same numbers.
void EventHub::read_changes() {
  std::int64_t from = INT64_MAX;
  {
    const std::lock_guard lock(mutex_);
    for (const Listener& listener : listeners_) from = std::min(from, listener.seq);
  }
  if (from == INT64_MAX) return;
  auto reader = readers_.take();
  if (!reader) return;  // the next look may have more luck; nothing is missed, for nobody's place has moved
  ChangeKey key{from};
  while (true) {
    const auto changes = (*reader)->changes_after(key, kRowsPerLook);
    if (!changes) return;
    tell(*changes, from);
    key = changes->key;
    if (!changes->has_more) return;
  }
}

/// What each wants of it, rendered once for each choice of topics, while nobody waits for the list of listeners.
/// Whoever wants nothing of it has moved on all the same.
void EventHub::tell(const Changes& changes, std::int64_t from) {
  struct Told {
    std::shared_ptr<const std::string> text;
    std::int64_t seq = 0;
  };
  std::map<Topics, Told> told;
  {
    const std::lock_guard lock(mutex_);
    for (const Listener& listener : listeners_) told[listener.topics];
  }
  for (auto& [topics, what] : told) {
    what.seq = from;
    what.text = std::make_shared<const std::string>(event_text(changes, what.seq, topics));
  }
  const std::lock_guard lock(mutex_);
  for (Listener& listener : listeners_) {
    const auto what = told.find(listener.topics);  // who has come meanwhile hears it at the next look
    if (what == told.end() || (listener.seq >= what->second.seq && !changes.reset)) continue;
    listener.writer->write(what->second.text);
    listener.seq = what->second.seq;
  }
}

void EventHub::say(const std::string& text) {
  const std::lock_guard lock(mutex_);
  for (const Listener& listener : listeners_) listener.writer->write(text);
}

void EventHub::drop_closed() {
  const std::lock_guard lock(mutex_);
  const auto is_closed = [](const Listener& listener) { return !listener.writer->is_open(); };
  listeners_.erase(std::remove_if(listeners_.begin(), listeners_.end(), is_closed), listeners_.end());
}

}  // namespace baton::api
