// EventHub: what changes, as server-sent events, for everybody who listens. One thread reads the changes once for all
// of them, at most ten times a second, and not at all while nobody listens. A slow listener is cut by the server and
// resumes with the number of the last event that it got. Any thread may call subscribe() and stop().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "web/api/readers.h"
#include "web/http/message.h"

namespace baton::api {

/// Kinds of events, a bit each; those that tell the rest of one kind's story (a run that is deleted, an interval of a
/// backfill) come with it.
using Topics = std::uint32_t;
inline constexpr Topics kAllTopics = ~Topics{0};

/// The topic of that name: `run`, `task_instance`, `dag` …; none: there is no such topic.
std::optional<Topics> topic_of(std::string_view name);

/// What tells that all that was seen before must be read anew, as of `seq`.
std::string reset_text(std::int64_t seq);

/// The events of `changes` of these topics, after `seq`, as text; `seq` becomes that of the last event of any topic.
/// Each has the whole object as it is then, so that an event that is missed costs nothing once the next one comes.
std::string event_text(const Changes& changes, std::int64_t& seq, Topics topics = kAllTopics);

class EventHub {
 public:
  explicit EventHub(Readers& readers) : readers_(readers) {}
  ~EventHub() { stop(); }
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// From `seq` on: what was before it, the listener knows.
  void subscribe(http::StreamWriter listener, std::int64_t seq, Topics topics = kAllTopics);
  /// Ends every stream. Idempotent.
  void stop();

 private:
  struct Listener {
    http::StreamWriter writer;
    std::int64_t seq = 0;
    Topics topics = kAllTopics;
  };

  void work();
  void read_changes();
  void tell(const Changes& changes, std::int64_t from);
  void say(const std::string& text);
  void drop_closed();

  Readers& readers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Listener> listeners_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace baton::api
