#include "worker/journal.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "scheduler/checksum/crc32c.h"
#include "worker/protocol/bytes.h"
#include "worker/protocol/frames.h"

namespace baton::worker {
namespace {

using wire::ByteReader;
using wire::ByteWriter;

constexpr std::string_view kMagic = "BATONWJ2";
constexpr std::string_view kFirstMagic = "BATONWJ1";  // Of protocol 1: its ends have no tail of the log.
constexpr std::size_t kJournalBytesMax = 1U << 30;
constexpr std::size_t kRecordHeaderBytes = 8;
constexpr std::size_t kPendingBytesMax = 8U << 20;
constexpr std::int64_t kRewriteBytesMin = 4 << 20;

enum class Record : std::uint8_t { kWorker, kBegin, kEnd, kAck, kClosed, kScheduler };
constexpr std::uint8_t kRecordCount = 6;

/// Appends one record; `fill` writes its body.
template <typename Fill>
void append_record(std::string& out, Record type, Fill fill) {
  const std::size_t begin = out.size();
  out.append(kRecordHeaderBytes, '\0');
  ByteWriter writer(out);
  writer.put(type);
  fill(writer);
  const std::string_view payload = std::string_view(out).substr(begin + kRecordHeaderBytes);
  const auto length = static_cast<std::uint32_t>(payload.size());
  const std::uint32_t crc = crc32c(payload);
  std::memcpy(out.data() + begin, &length, sizeof(length));
  std::memcpy(out.data() + begin + sizeof(length), &crc, sizeof(crc));
}

void put_key(ByteWriter& writer, const wire::AttemptKey& key) {
  writer.put(key.run_no);
  writer.put(key.task_no);
  writer.put(key.map_index);
  writer.put(key.epoch);
}

void get_key(ByteReader& reader, wire::AttemptKey& key) {
  reader.get(key.run_no);
  reader.get(key.task_no);
  reader.get(key.map_index);
  reader.get(key.epoch);
}

void append_worker(std::string& out, const WorkerRecord& worker) {
  append_record(out, Record::kWorker, [&](ByteWriter& writer) {
    writer.put(worker.epoch);
    writer.put(worker.pid);
    writer.put(std::string_view(worker.boot_id));
    writer.put(std::string_view(worker.cgroup));
  });
}

void append_scheduler(std::string& out, std::int64_t epoch) {
  append_record(out, Record::kScheduler, [&](ByteWriter& writer) { writer.put(epoch); });
}

void append_begin(std::string& out, const Begun& begun) {
  append_record(out, Record::kBegin, [&](ByteWriter& writer) {
    put_key(writer, begun.key);
    writer.put(begun.pid);
    writer.put(begun.start_ticks);
    writer.put(begun.started_at_us);
    writer.put(std::string_view(begun.output_path));
  });
}

void append_end(std::string& out, const Reported& reported) {
  append_record(out, Record::kEnd, [&](ByteWriter& writer) {
    writer.put(std::string_view(reported.output_path));
    std::string bytes;
    wire::encode_ended(bytes, reported.ended);
    writer.put(std::string_view(bytes));
  });
}

/// Content while it is read: by key, so that ends and acks find what they close.
struct Replay {
  WorkerRecord worker;
  std::int64_t scheduler_epoch = 0;
  std::map<wire::AttemptKey, Begun> live;
  std::map<wire::AttemptKey, Reported> ended;
  bool closed = true;
  std::uint32_t protocol = wire::kProtocolMax;  ///< At the time of writing.
};

bool replay_record(Replay& replay, ByteReader& reader) {
  Record type{};
  reader.get_enum(type, kRecordCount);
  wire::AttemptKey key;
  if (reader.failed()) return false;
  if (type != Record::kClosed) replay.closed = false;
  switch (type) {
    case Record::kWorker:
      reader.get(replay.worker.epoch);
      reader.get(replay.worker.pid);
      reader.get(replay.worker.boot_id);
      reader.get(replay.worker.cgroup);
      break;
    case Record::kBegin: {
      Begun begun;
      get_key(reader, begun.key);
      reader.get(begun.pid);
      reader.get(begun.start_ticks);
      reader.get(begun.started_at_us);
      reader.get(begun.output_path);
      // An attempt lives or has ended, never both: what began again is alive until its own end.
      replay.ended.erase(begun.key);
      replay.live.insert_or_assign(begun.key, std::move(begun));
      break;
    }
    case Record::kEnd: {
      Reported reported;
      std::string_view bytes;
      reader.get(reported.output_path);
      reader.get(bytes);
      auto ended = wire::decode_ended(bytes, replay.protocol);
      if (!ended) return false;
      reported.ended = *std::move(ended);
      replay.live.erase(reported.ended.key);
      replay.ended.insert_or_assign(reported.ended.key, std::move(reported));
      break;
    }
    case Record::kAck:
      get_key(reader, key);
      replay.ended.erase(key);
      break;
    case Record::kClosed:
      replay.closed = true;
      break;
    case Record::kScheduler: {
      std::int64_t epoch = 0;
      reader.get(epoch);
      replay.scheduler_epoch = std::max(replay.scheduler_epoch, epoch);
      break;
    }
  }
  return reader.complete();
}

}  // namespace

JournalContent replay_journal(std::string_view bytes) {
  Replay replay;
  const std::string_view magic = bytes.substr(0, kMagic.size());
  if (magic == kFirstMagic) replay.protocol = 1;
  if (magic == kMagic || magic == kFirstMagic) {
    bytes.remove_prefix(kMagic.size());
    while (bytes.size() >= kRecordHeaderBytes) {
      std::uint32_t length = 0;
      std::uint32_t crc = 0;
      std::memcpy(&length, bytes.data(), sizeof(length));
      std::memcpy(&crc, bytes.data() + sizeof(length), sizeof(crc));
      if (bytes.size() - kRecordHeaderBytes < length) break;
      const std::string_view payload = bytes.substr(kRecordHeaderBytes, length);
      ByteReader reader(payload);
      if (crc32c(payload) != crc || !replay_record(replay, reader)) break;
      bytes.remove_prefix(kRecordHeaderBytes + length);
    }
    // Whatever was torn off may have been the start of an attempt.
    if (!bytes.empty()) replay.closed = false;
  } else if (!bytes.empty()) {
    replay.closed = false;
  }
  JournalContent content;
  content.worker = std::move(replay.worker);
  content.closed = replay.closed;
  content.scheduler_epoch = replay.scheduler_epoch;
  for (auto& [key, begun] : replay.live) content.live.push_back(std::move(begun));
  for (auto& [key, reported] : replay.ended) content.ended.push_back(std::move(reported));
  return content;
}

JournalContent read_journal(const std::string& path) {
  return replay_journal(read_file(path.c_str(), kJournalBytesMax).value_or(""));
}

bool Journal::start(std::string path, const JournalContent& content) {
  std::string bytes(kMagic);
  append_worker(bytes, content.worker);
  if (content.scheduler_epoch > 0) append_scheduler(bytes, content.scheduler_epoch);
  for (const Begun& begun : content.live) append_begin(bytes, begun);
  for (const Reported& reported : content.ended) append_end(bytes, reported);
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || !write_all(file.get(), bytes) || std::rename(fresh.c_str(), path.c_str()) != 0) return false;
  path_ = std::move(path);
  file_ = std::move(file);
  pending_.clear();
  size_bytes_ = static_cast<std::int64_t>(bytes.size());
  rewrite_bytes_ = std::max(kRewriteBytesMin, 4 * size_bytes_);
  return true;
}

void Journal::scheduler(std::int64_t epoch) {
  append_scheduler(pending_, epoch);
}
void Journal::begin(const Begun& begun) {
  append_begin(pending_, begun);
}
void Journal::end(const Reported& reported) {
  append_end(pending_, reported);
}

void Journal::ack(const wire::AttemptKey& key) {
  append_record(pending_, Record::kAck, [&](ByteWriter& writer) { put_key(writer, key); });
}

void Journal::closed() {
  append_record(pending_, Record::kClosed, [](ByteWriter&) {});
}

void Journal::flush() {
  while (!pending_.empty()) {
    const ssize_t put = ::write(file_.get(), pending_.data(), pending_.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) break;
    size_bytes_ += put;
    pending_.erase(0, static_cast<std::size_t>(put));
  }
  // A rewrite brings back what is dropped here as soon as the disk has room again.
  if (pending_.size() > kPendingBytesMax) {
    pending_.clear();
    rewrite_bytes_ = 0;
  }
}

}  // namespace baton::worker
