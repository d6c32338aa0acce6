#include "worker/log_spool.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace baton::worker {
namespace {

constexpr std::int64_t kBlockBytes = 4096;
constexpr std::size_t kPumpChunkBytes = 64U << 10;
constexpr std::int64_t kSlackBytesMin = 1 << 20;

std::int64_t round_down(std::int64_t bytes) {
  return bytes / kBlockBytes * kBlockBytes;
}

}  // namespace

bool LogSpool::open(const std::string& path, std::int64_t limit_bytes, const std::vector<std::string_view>& secrets) {
  path_ = path;
  limit_bytes_ = limit_bytes;
  // O_NONBLOCK for the opening alone: a task may have put a FIFO here, on which we would hang.
  log_ = open_file(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (!log_ || ::fcntl(log_.get(), F_SETFL, O_APPEND) != 0) return false;
  if (secrets.empty()) return true;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe_read_.reset(ends[0]);
  pipe_write_.reset(ends[1]);
  // Only our end: the process has a right to a pipe that blocks.
  if (::fcntl(pipe_read_.get(), F_SETFL, O_NONBLOCK) != 0) return false;
  masker_.emplace(secrets);
  return true;
}

bool LogSpool::write_masked() {
  while (!masked_.empty()) {
    const ssize_t put = ::write(log_.get(), masked_.data(), masked_.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    masked_.erase(0, static_cast<std::size_t>(put));
  }
  return true;
}

LogSpool::Pump LogSpool::pump() {
  if (!write_masked()) return Pump::kStuck;
  if (!pipe_read_) return Pump::kEnded;
  static thread_local char chunk[kPumpChunkBytes];
  const ssize_t got = ::read(pipe_read_.get(), chunk, sizeof(chunk));
  if (got < 0) return Pump::kDrained;
  if (got == 0) {
    pipe_read_.reset();
    masker_->finish(masked_);
    return write_masked() ? Pump::kEnded : Pump::kStuck;
  }
  masker_->feed({chunk, static_cast<std::size_t>(got)}, masked_);
  return write_masked() ? Pump::kMore : Pump::kStuck;
}

void LogSpool::measure() {
  struct stat info {};
  if (::fstat(log_.get(), &info) == 0) size_bytes_ = info.st_size;
}

std::int64_t LogSpool::check(std::int64_t now_wall_us) {
  measure();
  index(now_wall_us);
  // Some slack, so that a steady stream is not cut four times a second.
  if (limit_bytes_ > 0 &&
      size_bytes_ - (hole_end_ - hole_begin_) > limit_bytes_ + std::max(limit_bytes_ / 8, kSlackBytesMin)) {
    cut_middle();
  }
  return size_bytes_;
}

void LogSpool::finish(std::int64_t now_wall_us) {
  if (masker_) {
    close_output();
    while (pump() == Pump::kMore) {
    }
    if (pipe_read_) masker_->finish(masked_);
    static_cast<void>(write_masked());
  }
  measure();
  if (index_) index(now_wall_us);
  if (limit_bytes_ > 0 && size_bytes_ - (hole_end_ - hole_begin_) > limit_bytes_) cut_middle();
}

std::string LogSpool::tail(std::int64_t bytes_max) const {
  if (size_bytes_ <= 0) return {};
  const Fd file(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const std::int64_t from = std::max<std::int64_t>(0, size_bytes_ - bytes_max);
  std::string text(static_cast<std::size_t>(size_bytes_ - from), '\0');
  const ssize_t got = file ? ::pread(file.get(), text.data(), text.size(), from) : -1;
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (from == 0) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; };
  std::size_t cut = 0;
  while (cut < text.size() && cut < 3 && continues(text[cut])) ++cut;
  return text.substr(cut);
}

void LogSpool::index(std::int64_t now_wall_us) {
  if (size_bytes_ <= indexed_bytes_) return;
  if (!index_) {
    index_ = open_file(path_ + ".idx", O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
    if (!index_) return;
  }
  const LogIndexEntry entry{size_bytes_, now_wall_us};
  const auto* bytes = reinterpret_cast<const char*>(&entry);
  if (write_all(index_.get(), {bytes, sizeof(entry)})) indexed_bytes_ = size_bytes_;
}

bool LogSpool::note_cut(std::int64_t begin, std::int64_t end) const {
  const Fd file = open_file(path_ + ".cut", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
  const LogCut cut{begin, end};
  return file && ::pwrite(file.get(), &cut, sizeof(cut), 0) == static_cast<ssize_t>(sizeof(cut));
}

void LogSpool::cut_middle() {
  if (cannot_cut_) return;
  const std::int64_t begin = round_down(limit_bytes_ / 2);
  const std::int64_t end = round_down(size_bytes_ - limit_bytes_ / 2);
  const std::int64_t from = std::max(begin, hole_end_);
  if (end <= from) return;
  // The mark first: a reader that finds zeros finds what they are.
  if (!note_cut(begin, end)) return;
  if (::fallocate(log_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, end - from) != 0) {
    cannot_cut_ = true;  // This file system has no holes: the log stays whole.
    if (!truncated()) ::unlink((path_ + ".cut").c_str());
    if (truncated()) static_cast<void>(note_cut(hole_begin_, hole_end_));
    return;
  }
  hole_begin_ = begin;
  hole_end_ = end;
}

}  // namespace baton::worker
