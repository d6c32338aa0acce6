// Any bytes as a worker's journal, once as they are and once as records with the checksums that belong to them: some
// content comes out, and a journal begun with that content gives it again.
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "scheduler/checksum/crc32c.h"
#include "worker/journal.h"

namespace baton::worker {
namespace {

void must(bool holds) {
  if (!holds) __builtin_trap();
}

/// A folder of this process, gone with it.
class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/baton-fuzz.XXXXXX";
    must(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file() const { return path_ + "/journal"; }

 private:
  std::string path_;
};

/// Each record of the input is a byte of length and so many bytes; a length of 255 takes all that is left.
std::string with_checksums(std::string_view bytes) {
  std::string out(bytes.size() % 2 == 0 ? "BATONWJ2" : "BATONWJ1");
  while (!bytes.empty()) {
    const auto wanted = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    const std::string_view payload = bytes.substr(0, wanted == 255 ? bytes.size() : wanted);
    const auto length = static_cast<std::uint32_t>(payload.size());
    const std::uint32_t crc = crc32c(payload);
    out.append(reinterpret_cast<const char*>(&length), sizeof(length));
    out.append(reinterpret_cast<const char*>(&crc), sizeof(crc));
    out.append(payload);
    bytes.remove_prefix(payload.size());
  }
  return out;
}

bool same_ends(const JournalContent& a, const JournalContent& b) {
  if (a.ended.size() != b.ended.size()) return false;
  for (std::size_t i = 0; i < a.ended.size(); ++i) {
    if (a.ended[i].ended != b.ended[i].ended || a.ended[i].output_path != b.ended[i].output_path) return false;
  }
  return true;
}

void check_journal(std::string_view bytes) {
  static const Folder folder;
  const JournalContent content = replay_journal(bytes);
  if (content.live.empty() && content.ended.empty() && content.worker.boot_id.empty()) return;
  Journal journal;
  must(journal.start(folder.file(), content));
  std::ifstream in(folder.file(), std::ios::binary);
  const std::string written{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const JournalContent again = replay_journal(written);
  must(again.live == content.live && same_ends(again, content));
  must(again.worker.boot_id == content.worker.boot_id && again.worker.epoch == content.worker.epoch);
  must(content.scheduler_epoch <= 0 || again.scheduler_epoch == content.scheduler_epoch);
}

}  // namespace
}  // namespace baton::worker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  baton::worker::check_journal(bytes);
  baton::worker::check_journal(baton::worker::with_checksums(bytes));
  return 0;
}
