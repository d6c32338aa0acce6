#include "worker/protocol/frames.h"

#include <cstring>
#include <utility>

#include "worker/protocol/bytes.h"

namespace baton::wire {
namespace {

constexpr std::size_t kHeaderBytes = sizeof(std::uint32_t) + 1;
constexpr std::size_t kReaderKeepBytes = 256U << 10;

enum class Type : std::uint8_t {
  kHello = 1,
  kLaunch = 2,
  kRelease = 3,
  kStop = 4,
  kAck = 5,
  kShutdown = 6,
  kPing = 7,
  kWorkerHello = 65,
  kInventory = 66,
  kStarted = 67,
  kEnded = 68,
  kPong = 69,
};

/// Opens a frame at construction, fills in its length at close().
class FrameWriter {
 public:
  FrameWriter(std::string& out, Type type) : out_(out), begin_(out.size()) {
    ByteWriter writer(out_);
    writer.put(std::uint32_t{0});
    writer.put(type);
  }

  [[nodiscard]] bool close() {
    const std::size_t size = out_.size() - begin_;
    if (size > kFrameBytesMax) {
      out_.resize(begin_);
      return false;
    }
    const auto length = static_cast<std::uint32_t>(size - sizeof(std::uint32_t));
    std::memcpy(out_.data() + begin_, &length, sizeof(length));
    return true;
  }

 private:
  std::string& out_;
  std::size_t begin_;
};

void put(ByteWriter& writer, const AttemptKey& key) {
  writer.put(key.run_no);
  writer.put(key.task_no);
  writer.put(key.map_index);
  writer.put(key.epoch);
}

void get(ByteReader& reader, AttemptKey& key) {
  reader.get(key.run_no);
  reader.get(key.task_no);
  reader.get(key.map_index);
  reader.get(key.epoch);
}

void put(ByteWriter& writer, const StringList& list) {
  writer.put(list.count());
  writer.put(std::string_view(list.bytes()));
}

void get(ByteReader& reader, StringList& list) {
  std::uint32_t count = 0;
  std::string_view bytes;
  reader.get(count);
  reader.get(bytes);
  if (!list.assign(bytes, count)) reader.fail();
}

void put(ByteWriter& writer, const Hello& m) {
  writer.put(m.protocol_min);
  writer.put(m.protocol_max);
  writer.put(std::string_view(m.scheduler_id));
  writer.put(m.scheduler_epoch);
  writer.put(m.slots);
}

void get(ByteReader& reader, Hello& m) {
  reader.get(m.protocol_min);
  reader.get(m.protocol_max);
  reader.get(m.scheduler_id);
  reader.get(m.scheduler_epoch);
  reader.get(m.slots);
}

void put(ByteWriter& writer, const Launch& m) {
  put(writer, m.key);
  put(writer, m.argv);
  writer.put(std::string_view(m.script));
  put(writer, m.env);
  writer.put(std::string_view(m.cwd));
  writer.put(m.stdin_kind);
  for (const std::string* text : {&m.stdin_value, &m.log_path, &m.output_path, &m.heartbeat_path}) {
    writer.put(std::string_view(*text));
  }
  for (std::int64_t number : {m.timeout_us, m.grace_us, m.heartbeat_us, m.log_limit_bytes, m.limits.memory_bytes,
                              m.limits.cpus_milli, m.limits.pids}) {
    writer.put(number);
  }
  put(writer, m.masks);
  writer.put(m.nice);
  writer.put(m.gated);
  writer.put(m.keep);
  writer.put(std::string_view(m.state_path));
  writer.put(std::string_view(m.state));
  writer.put(m.state_version);
}

void get(ByteReader& reader, Launch& m) {
  get(reader, m.key);
  get(reader, m.argv);
  reader.get(m.script);
  get(reader, m.env);
  reader.get(m.cwd);
  reader.get_enum(m.stdin_kind, 3);
  for (std::string* text : {&m.stdin_value, &m.log_path, &m.output_path, &m.heartbeat_path}) reader.get(*text);
  for (std::int64_t* number : {&m.timeout_us, &m.grace_us, &m.heartbeat_us, &m.log_limit_bytes, &m.limits.memory_bytes,
                               &m.limits.cpus_milli, &m.limits.pids}) {
    reader.get(*number);
  }
  get(reader, m.masks);
  reader.get(m.nice);
  reader.get(m.gated);
  reader.get(m.keep);
  reader.get(m.state_path);
  reader.get(m.state);
  reader.get(m.state_version);
}

void put(ByteWriter& writer, const Release& m) {
  put(writer, m.key);
}
void get(ByteReader& reader, Release& m) {
  get(reader, m.key);
}

void put(ByteWriter& writer, const Stop& m) {
  put(writer, m.key);
  writer.put(m.grace_us);
  writer.put(m.kill_now);
}

void get(ByteReader& reader, Stop& m) {
  get(reader, m.key);
  reader.get(m.grace_us);
  reader.get(m.kill_now);
}

void put(ByteWriter& writer, const Ack& m) {
  put(writer, m.key);
}
void get(ByteReader& reader, Ack& m) {
  get(reader, m.key);
}

void put(ByteWriter& writer, const Shutdown& m) {
  writer.put(m.grace_us);
}
void get(ByteReader& reader, Shutdown& m) {
  reader.get(m.grace_us);
}

void put(ByteWriter& /*writer*/, const Ping& /*m*/) {}
void get(ByteReader& /*reader*/, Ping& /*m*/) {}
void put(ByteWriter& /*writer*/, const Pong& /*m*/) {}
void get(ByteReader& /*reader*/, Pong& /*m*/) {}

void put(ByteWriter& writer, const WorkerHello& m) {
  writer.put(m.protocol);
  writer.put(m.worker_no);
  for (const std::string* text : {&m.worker_id, &m.boot_id, &m.build_id}) writer.put(std::string_view(*text));
  writer.put(m.pid);
  writer.put(m.worker_epoch);
  writer.put(m.capabilities);
  writer.put(m.slots_max);
  writer.put(std::string_view(m.notes));
}

void get(ByteReader& reader, WorkerHello& m) {
  reader.get(m.protocol);
  reader.get(m.worker_no);
  for (std::string* text : {&m.worker_id, &m.boot_id, &m.build_id}) reader.get(*text);
  reader.get(m.pid);
  reader.get(m.worker_epoch);
  reader.get(m.capabilities);
  reader.get(m.slots_max);
  reader.get(m.notes);
}

void put(ByteWriter& writer, const Live& m) {
  put(writer, m.key);
  writer.put(m.pid);
  writer.put(m.start_ticks);
  writer.put(m.started_at_us);
}

void get(ByteReader& reader, Live& m) {
  get(reader, m.key);
  reader.get(m.pid);
  reader.get(m.start_ticks);
  reader.get(m.started_at_us);
}

void put(ByteWriter& writer, const Started& m) {
  put(writer, m.key);
  writer.put(m.pid);
  writer.put(m.at_us);
}

void get(ByteReader& reader, Started& m) {
  get(reader, m.key);
  reader.get(m.pid);
  reader.get(m.at_us);
}

void put(ByteWriter& writer, const Ended& m) {
  put(writer, m.key);
  writer.put(m.outcome);
  writer.put(m.exit_code);
  writer.put(m.signal);
  writer.put(m.flags);
  for (std::int64_t number :
       {m.started_at_us, m.ended_at_us, m.run_us, m.user_us, m.sys_us, m.max_rss_bytes, m.log_bytes}) {
    writer.put(number);
  }
  writer.put(std::string_view(m.output));
  writer.put(std::string_view(m.message));
  writer.put(std::string_view(m.log_tail));
  writer.put(m.pid);
  if ((m.flags & kHasState) == 0) return;
  writer.put(std::string_view(m.state));
  writer.put(m.state_version);
}

/// As protocol 1 had it, and journals of that time have it.
void get_first(ByteReader& reader, Ended& m) {
  get(reader, m.key);
  reader.get_enum(m.outcome, kOutcomeCount);
  reader.get(m.exit_code);
  reader.get(m.signal);
  reader.get(m.flags);
  for (std::int64_t* number :
       {&m.started_at_us, &m.ended_at_us, &m.run_us, &m.user_us, &m.sys_us, &m.max_rss_bytes, &m.log_bytes}) {
    reader.get(*number);
  }
  reader.get(m.output);
  reader.get(m.message);
}

/// Ends without a state look as they did before there were any: older workers and journals know no others.
void get_state(ByteReader& reader, Ended& m) {
  if ((m.flags & kHasState) == 0) return;
  reader.get(m.state);
  reader.get(m.state_version);
}

void get(ByteReader& reader, Ended& m) {
  get_first(reader, m);
  reader.get(m.log_tail);
  reader.get(m.pid);
  get_state(reader, m);
}

template <typename T>
void put(ByteWriter& writer, const std::vector<T>& items) {
  writer.put(static_cast<std::uint32_t>(items.size()));
  for (const T& item : items) put(writer, item);
}

template <typename T>
void get(ByteReader& reader, std::vector<T>& items) {
  std::uint32_t count = 0;
  reader.get(count);
  // The count is not trusted: items are made one by one, and the bytes run out before memory does.
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) get(reader, items.emplace_back());
}

void put(ByteWriter& writer, const Inventory& m) {
  put(writer, m.live);
  put(writer, m.ended);
  writer.put(m.last);
}

void get(ByteReader& reader, Inventory& m) {
  get(reader, m.live);
  get(reader, m.ended);
  reader.get(m.last);
}

template <typename Message>
bool append(std::string& out, Type type, const Message& message) {
  FrameWriter frame(out, type);
  ByteWriter writer(out);
  put(writer, message);
  return frame.close();
}

template <typename Variant, typename Message>
std::optional<Variant> decode_as(std::string_view payload) {
  Message message;
  ByteReader reader(payload);
  get(reader, message);
  if (!reader.complete()) return std::nullopt;
  return std::optional<Variant>(std::in_place, std::move(message));
}

}  // namespace

bool append_frame(std::string& out, const Hello& message) {
  return append(out, Type::kHello, message);
}
bool append_frame(std::string& out, const Launch& message) {
  return append(out, Type::kLaunch, message);
}
bool append_frame(std::string& out, const Release& message) {
  return append(out, Type::kRelease, message);
}
bool append_frame(std::string& out, const Stop& message) {
  return append(out, Type::kStop, message);
}
bool append_frame(std::string& out, const Ack& message) {
  return append(out, Type::kAck, message);
}
bool append_frame(std::string& out, const Shutdown& message) {
  return append(out, Type::kShutdown, message);
}
bool append_frame(std::string& out, const Ping& message) {
  return append(out, Type::kPing, message);
}
bool append_frame(std::string& out, const WorkerHello& message) {
  return append(out, Type::kWorkerHello, message);
}
bool append_frame(std::string& out, const Inventory& message) {
  return append(out, Type::kInventory, message);
}
bool append_frame(std::string& out, const Started& message) {
  return append(out, Type::kStarted, message);
}
bool append_frame(std::string& out, const Ended& message) {
  return append(out, Type::kEnded, message);
}
bool append_frame(std::string& out, const Pong& message) {
  return append(out, Type::kPong, message);
}

std::optional<ToWorker> decode_to_worker(const Frame& frame) {
  switch (static_cast<Type>(frame.type)) {
    case Type::kHello:
      return decode_as<ToWorker, Hello>(frame.payload);
    case Type::kLaunch:
      return decode_as<ToWorker, Launch>(frame.payload);
    case Type::kRelease:
      return decode_as<ToWorker, Release>(frame.payload);
    case Type::kStop:
      return decode_as<ToWorker, Stop>(frame.payload);
    case Type::kAck:
      return decode_as<ToWorker, Ack>(frame.payload);
    case Type::kShutdown:
      return decode_as<ToWorker, Shutdown>(frame.payload);
    case Type::kPing:
      return decode_as<ToWorker, Ping>(frame.payload);
    case Type::kWorkerHello:
    case Type::kInventory:
    case Type::kStarted:
    case Type::kEnded:
    case Type::kPong:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<FromWorker> decode_from_worker(const Frame& frame) {
  switch (static_cast<Type>(frame.type)) {
    case Type::kWorkerHello:
      return decode_as<FromWorker, WorkerHello>(frame.payload);
    case Type::kInventory:
      return decode_as<FromWorker, Inventory>(frame.payload);
    case Type::kStarted:
      return decode_as<FromWorker, Started>(frame.payload);
    case Type::kEnded:
      return decode_as<FromWorker, Ended>(frame.payload);
    case Type::kPong:
      return decode_as<FromWorker, Pong>(frame.payload);
    case Type::kHello:
    case Type::kLaunch:
    case Type::kRelease:
    case Type::kStop:
    case Type::kAck:
    case Type::kShutdown:
    case Type::kPing:
      return std::nullopt;
  }
  return std::nullopt;
}

void encode_ended(std::string& out, const Ended& ended) {
  ByteWriter writer(out);
  put(writer, ended);
}

std::optional<Ended> decode_ended(std::string_view bytes, std::uint32_t protocol) {
  Ended ended;
  ByteReader reader(bytes);
  get_first(reader, ended);
  if (protocol >= 2) reader.get(ended.log_tail);
  if (protocol >= 2 && !reader.complete()) reader.get(ended.pid);  // the first journals of protocol 2 end before it
  get_state(reader, ended);
  if (!reader.complete()) return std::nullopt;
  return ended;
}

void FrameReader::feed(std::string_view bytes) {
  if (taken_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > kReaderKeepBytes) buffer_.shrink_to_fit();
  } else if (taken_ > 0) {
    buffer_.erase(0, taken_);
  }
  taken_ = 0;
  buffer_.append(bytes);
}

std::optional<Frame> FrameReader::next() {
  const std::size_t available = buffer_.size() - taken_;
  if (broken_ || available < kHeaderBytes) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, buffer_.data() + taken_, sizeof(length));
  if (length == 0 || length > kFrameBytesMax - sizeof(length)) {
    broken_ = true;
    return std::nullopt;
  }
  if (available < sizeof(length) + length) return std::nullopt;
  Frame frame;
  frame.type = static_cast<std::uint8_t>(buffer_[taken_ + sizeof(length)]);
  frame.payload = std::string_view(buffer_).substr(taken_ + kHeaderBytes, length - 1);
  taken_ += sizeof(length) + length;
  return frame;
}

}  // namespace baton::wire
