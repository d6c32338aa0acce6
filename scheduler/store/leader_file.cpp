#include "scheduler/store/leader_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "scheduler/checksum/crc32c.h"

namespace baton::sqlite {
namespace {

constexpr std::size_t kLineBytes = 128;  // within one sector

/// Closes it at the end.
struct File {
  int fd;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::optional<Leadership> LeaderFile::read() const {
  const File file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, kLineBytes + 1> line{};
  if (file.fd < 0 || ::pread(file.fd, line.data(), kLineBytes, 0) != static_cast<ssize_t>(kLineBytes)) {
    return std::nullopt;
  }
  const std::string_view text(line.data(), kLineBytes);
  const std::size_t end = text.rfind(' ');
  Leadership out;
  std::array<char, 64> store_id{};
  long long epoch = 0;
  long long runs = 0;
  long long attempts = 0;
  unsigned sum = 0;
  if (end == std::string_view::npos ||
      std::sscanf(line.data(), "baton-leader 1 %63s %lld %lld %lld", store_id.data(), &epoch, &runs, &attempts) != 4 ||
      std::sscanf(line.data() + end, " %8x", &sum) != 1 || sum != crc32c(text.substr(0, end))) {
    return std::nullopt;
  }
  return Leadership{store_id.data(), epoch, runs, static_cast<Epoch>(attempts)};
}

bool LeaderFile::write(const Leadership& what, bool synced) const {
  std::array<char, kLineBytes + 1> line{};
  const std::size_t body = kLineBytes - 10;  // then a space, the sum in eight digits, the end of the line
  const int size = std::snprintf(line.data(), line.size(), "baton-leader 1 %s %lld %lld %lld", what.store_id.c_str(),
                                 static_cast<long long>(what.epoch), static_cast<long long>(what.runs_below),
                                 static_cast<long long>(what.attempts_above));
  if (size < 0 || static_cast<std::size_t>(size) > body) return false;
  std::fill(line.begin() + size, line.begin() + static_cast<std::ptrdiff_t>(body), ' ');
  const std::uint32_t sum = crc32c(std::string_view(line.data(), body));
  std::snprintf(line.data() + body, line.size() - body, " %08x\n", static_cast<unsigned>(sum));
  const File file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  return file.fd >= 0 && ::pwrite(file.fd, line.data(), kLineBytes, 0) == static_cast<ssize_t>(kLineBytes) &&
         (!synced || ::fdatasync(file.fd) == 0);
}

RunNo last_logged_run(const std::filesystem::path& state_folder) {
  RunNo last = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(state_folder / "logs", error)) {
    const std::string name = entry.path().filename().string();
    RunNo run_no = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), run_no);
    if (bad == std::errc() && end == name.data() + name.size()) last = std::max(last, run_no);
  }
  return last;
}

}  // namespace baton::sqlite
