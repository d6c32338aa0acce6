#include "tests/crash/disk.h"

#include <algorithm>
#include <cstring>

namespace baton::crash {
namespace {

constexpr std::size_t kSectorBytes = 512;

bool coin(std::mt19937_64& random) {
  return (random() & 1) != 0;
}

}  // namespace

Replay::Replay(const Image& start) {
  for (const auto& [name, bytes] : start) files_[name] = {bytes, bytes, {}, true, true, false};
}

void Replay::write(Bytes& bytes, std::size_t offset, const unsigned char* data, std::size_t size) {
  if (bytes.size() < offset + size) bytes.resize(offset + size);
  std::memcpy(bytes.data() + offset, data, size);
}

void Replay::change(Bytes& bytes, const Op& op) {
  if (op.kind == Op::Kind::truncate) {
    if (op.offset < bytes.size()) bytes.resize(op.offset);
  } else if (!op.data.empty()) {
    write(bytes, op.offset, op.data.data(), op.data.size());
  }
}

void Replay::apply(const Op& op) {
  if (op.kind == Op::Kind::sync_folder) {
    for (auto& [name, other] : files_) other.name_synced = true;
    return;
  }
  File& file = files_[op.file];
  switch (op.kind) {
    case Op::Kind::sync_folder:
      break;
    case Op::Kind::create:
      file = {{}, {}, {}, true, false, op.folder_synced};
      break;
    case Op::Kind::write:
    case Op::Kind::truncate:
      change(file.now, op);
      file.pending.push_back(op);
      break;
    case Op::Kind::sync:
      file.synced = file.now;
      file.pending.clear();
      if (file.syncs_folder) {
        for (auto& [name, other] : files_) other.name_synced = true;
        file.syncs_folder = false;
      }
      break;
    case Op::Kind::remove:
      file.exists = false;
      file.name_synced = op.folder_synced;
      break;
  }
}

/// Each sector of each write since the last sync reached the disk or did not; so did each truncation. What later writes
/// to the same place left out, earlier ones show: that is every order in which the disk may have taken them.
Bytes Replay::after_power_loss(const File& file, std::mt19937_64& random) {
  Bytes bytes = file.synced;
  const auto mood = random() % 4;  // all lost, all there, or anything between
  const auto survives = [&] { return mood == 0 ? false : mood == 1 ? true : coin(random); };
  for (const Op& op : file.pending) {
    if (op.kind == Op::Kind::truncate) {
      if (survives()) change(bytes, op);
      continue;
    }
    for (std::size_t at = 0; at < op.data.size();) {
      const std::size_t to_border = kSectorBytes - (op.offset + at) % kSectorBytes;
      const std::size_t size = std::min(to_border, op.data.size() - at);
      if (survives()) write(bytes, op.offset + at, op.data.data() + at, size);
      at += size;
    }
  }
  return bytes;
}

Image Replay::image_after(Death death, const Op& next, std::mt19937_64& random) const {
  Image image;
  for (const auto& [name, file] : files_) {
    if (death == Death::power) {
      const bool exists = file.name_synced ? file.exists : coin(random);
      if (exists) image[name] = after_power_loss(file, random);
    } else if (file.exists) {
      image[name] = file.now;
    }
  }
  if (death == Death::torn && next.kind == Op::Kind::write && next.data.size() > 1) {
    const std::size_t size = 1 + random() % (next.data.size() - 1);
    write(image[next.file], next.offset, next.data.data(), size);
  }
  return image;
}

}  // namespace baton::crash
