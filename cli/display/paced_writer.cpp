#include "cli/display/paced_writer.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace baton::display {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd wanted{fd, POLLOUT, 0};
      poll(&wanted, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::thread start_quiet_thread(void (*body)(void*), void* argument) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread thread(body, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

PacedWriter::PacedWriter(int fd, bool keeps_all) : fd_(fd), keeps_all_(keeps_all) {
  thread_ = start_quiet_thread([](void* self) { static_cast<PacedWriter*>(self)->run(); }, this);
}

PacedWriter::~PacedWriter() { close(); }

void PacedWriter::append(std::string_view lines) {
  std::unique_lock lock(mutex_);
  if (pending_.size() > kPendingMax && !broken_) {
    if (!keeps_all_) {
      ++left_out_;
      return;
    }
    changed_.wait(lock, [&] { return pending_.size() <= kPendingMax || broken_; });
  }
  const bool was_empty = pending_.empty();
  pending_ += lines;
  lock.unlock();
  if (was_empty) changed_.notify_all();
}

void PacedWriter::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PacedWriter::run() {
  std::unique_lock lock(mutex_);
  std::string writing;
  while (true) {
    changed_.wait(lock, [&] { return closing_ || !pending_.empty(); });
    if (pending_.empty() && left_out_ == 0) return;
    if (left_out_ > 0) {
      pending_ += "… " + std::to_string(left_out_) + " lines left out: nobody read fast enough\n";
      left_out_ = 0;
    }
    writing.swap(pending_);
    pending_.clear();
    lock.unlock();
    changed_.notify_all();
    const bool ok = write_all(fd_, writing);
    writing.clear();
    // A little rest gathers the next lines into one write; nobody sees 20 ms.
    if (ok) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    lock.lock();
    broken_ = broken_ || !ok;
  }
}

}  // namespace baton::display
