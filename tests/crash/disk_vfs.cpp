#include "tests/crash/disk_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace baton::crash {
namespace {

using Call = DiskVfs::Call;

struct OpenFile {
  sqlite3_file base;
  DiskVfs* vfs;
  std::shared_ptr<DiskVfs::File>* file;
  std::string* name;  ///< empty: a temporary file, which no crash can leave
};

OpenFile& of(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file);
}
DiskVfs& of(sqlite3_vfs* vfs) {
  return *static_cast<DiskVfs*>(vfs->pAppData);
}

/// The code that SQLite would see from the operating system.
int error_code(DiskVfs& vfs, int io_code) {
  switch (vfs.fault_kind()) {
    case Fault::Kind::full:
      return SQLITE_FULL;
    case Fault::Kind::busy:
      return SQLITE_BUSY;
    case Fault::Kind::cannot_open:
      return SQLITE_CANTOPEN;
    case Fault::Kind::none:
    case Fault::Kind::io:
    case Fault::Kind::partial_read:
      break;
  }
  return io_code;
}

void note(OpenFile& file, Op op) {
  if (file.name->empty()) return;
  op.file = *file.name;
  file.vfs->note(std::move(op));
}

int close_file(sqlite3_file* f) {
  delete of(f).file;
  delete of(f).name;
  return SQLITE_OK;
}

int read_file(sqlite3_file* f, void* to, int amount, sqlite3_int64 offset) {
  OpenFile& file = of(f);
  const Bytes& bytes = (*file.file)->bytes;
  const auto at = static_cast<std::size_t>(offset);
  const auto wanted = static_cast<std::size_t>(amount);
  std::size_t there = at < bytes.size() ? std::min(wanted, bytes.size() - at) : 0;
  const bool fails = file.vfs->fails(Call::read);
  if (fails) there /= 2;
  if (there > 0) std::memcpy(to, bytes.data() + at, there);
  std::memset(static_cast<char*>(to) + there, 0, wanted - there);
  if (fails) return error_code(*file.vfs, SQLITE_IOERR_READ);
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* f, const void* from, int amount, sqlite3_int64 offset) {
  OpenFile& file = of(f);
  const auto* data = static_cast<const unsigned char*>(from);
  auto size = static_cast<std::size_t>(amount);
  const bool fails = file.vfs->fails(Call::write);
  if (fails) size /= 2;  // a full disk takes what still fits
  Bytes& bytes = (*file.file)->bytes;
  const auto at = static_cast<std::size_t>(offset);
  if (bytes.size() < at + size) bytes.resize(at + size);
  std::memcpy(bytes.data() + at, data, size);
  note(file, {Op::Kind::write, "", at, Bytes(data, data + size), false});
  return fails ? error_code(*file.vfs, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  OpenFile& file = of(f);
  if (file.vfs->fails(Call::other)) return error_code(*file.vfs, SQLITE_IOERR_TRUNCATE);
  Bytes& bytes = (*file.file)->bytes;
  if (static_cast<std::size_t>(size) < bytes.size()) bytes.resize(static_cast<std::size_t>(size));
  note(file, {Op::Kind::truncate, "", static_cast<std::size_t>(size), {}, false});
  return SQLITE_OK;
}

int sync_file(sqlite3_file* f, int) {
  OpenFile& file = of(f);
  if (file.vfs->fails(Call::sync)) return error_code(*file.vfs, SQLITE_IOERR_FSYNC);
  note(file, {Op::Kind::sync, "", 0, {}, false});
  return SQLITE_OK;
}

int file_size(sqlite3_file* f, sqlite3_int64* size) {
  if (of(f).vfs->fails(Call::other)) return error_code(*of(f).vfs, SQLITE_IOERR_FSTAT);
  *size = static_cast<sqlite3_int64>((*of(f).file)->bytes.size());
  return SQLITE_OK;
}

// One process and one thread: locks are always free, unless a fault says otherwise.
int lock_file(sqlite3_file* f, int) {
  return of(f).vfs->fails(Call::lock) ? error_code(*of(f).vfs, SQLITE_IOERR_LOCK) : SQLITE_OK;
}
int unlock_file(sqlite3_file*, int) {
  return SQLITE_OK;
}
int check_reserved(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
  return 4096;
}
int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_shared(sqlite3_file* f, int region, int size, int extend, void volatile** memory) {
  OpenFile& file = of(f);
  *memory = nullptr;
  if (file.vfs->fails(Call::other)) return error_code(*file.vfs, SQLITE_IOERR_SHMMAP);
  auto& regions = (*file.file)->shared_memory;
  const auto at = static_cast<std::size_t>(region);
  if (at >= regions.size() && extend == 0) return SQLITE_OK;
  while (regions.size() <= at) {
    regions.push_back(std::make_unique<unsigned char[]>(static_cast<std::size_t>(size)));
  }
  *memory = regions[at].get();
  return SQLITE_OK;
}
int lock_shared(sqlite3_file* f, int, int, int flags) {
  const bool unlocks = (flags & SQLITE_SHM_UNLOCK) != 0;
  return !unlocks && of(f).vfs->fails(Call::lock) ? error_code(*of(f).vfs, SQLITE_IOERR_SHMLOCK) : SQLITE_OK;
}
void shared_barrier(sqlite3_file*) {}
int unmap_shared(sqlite3_file* f, int remove) {
  if (remove != 0) (*of(f).file)->shared_memory.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,           close_file,     read_file,      write_file,   truncate_file, sync_file,       file_size,
    lock_file,   unlock_file,    check_reserved, file_control, sector_size,   characteristics, map_shared,
    lock_shared, shared_barrier, unmap_shared,   nullptr,      nullptr};

int open_file(sqlite3_vfs* v, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  DiskVfs& vfs = of(v);
  f->pMethods = nullptr;
  if (vfs.fails(Call::open)) return error_code(vfs, SQLITE_CANTOPEN);
  const std::string path = name == nullptr ? "" : name;
  std::shared_ptr<DiskVfs::File> file;
  if (const auto found = vfs.files().find(path); found != vfs.files().end()) {
    file = found->second;
  } else {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    file = std::make_shared<DiskVfs::File>();
    if (!path.empty()) {
      vfs.files()[path] = file;
      // SQLite's unix VFS syncs the folder with the first sync of a new journal or WAL.
      const bool syncs_folder = (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
      vfs.note({Op::Kind::create, path, 0, {}, syncs_folder});
    }
  }
  auto* opened = new (f) OpenFile;
  opened->vfs = &vfs;
  opened->file = new std::shared_ptr<DiskVfs::File>(std::move(file));
  opened->name = new std::string(path);
  opened->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* v, const char* name, int sync_folder) {
  DiskVfs& vfs = of(v);
  if (vfs.fails(Call::other)) return error_code(vfs, SQLITE_IOERR_DELETE);
  if (vfs.files().erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
  vfs.note({Op::Kind::remove, name, 0, {}, sync_folder != 0});
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* v, const char* name, int, int* result) {
  DiskVfs& vfs = of(v);
  if (vfs.fails(Call::other)) return error_code(vfs, SQLITE_IOERR_ACCESS);
  *result = vfs.files().contains(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs* v, const char* name, int size, char* to) {
  if (of(v).fails(Call::open)) return SQLITE_CANTOPEN;
  sqlite3_snprintf(size, to, "%s", name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int size, char* to) {
  for (int i = 0; i < size; ++i) to[i] = static_cast<char>(i * 37 + 11);
  return size;
}
int do_not_sleep(sqlite3_vfs*, int us) {
  return us;
}
int current_time(sqlite3_vfs*, double* days) {
  *days = 2460000.5;
  return SQLITE_OK;
}

}  // namespace

DiskVfs::DiskVfs() : vfs_(std::make_unique<sqlite3_vfs>()) {
  static int count = 0;
  name_ = "baton-crash-" + std::to_string(++count);
  *vfs_ = {};
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(OpenFile);
  vfs_->mxPathname = 1024;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = access_file;
  vfs_->xFullPathname = full_name;
  vfs_->xRandomness = randomness;
  vfs_->xSleep = do_not_sleep;
  vfs_->xCurrentTime = current_time;
  sqlite3_vfs_register(vfs_.get(), 0);
}

DiskVfs::~DiskVfs() {
  sqlite3_vfs_unregister(vfs_.get());
}

void DiskVfs::load(const Image& image) {
  files_.clear();
  for (const auto& [name, bytes] : image) {
    files_[name] = std::make_shared<File>();
    files_[name]->bytes = bytes;
  }
  log_.clear();
  set_fault({});
}

Image DiskVfs::image() const {
  Image image;
  for (const auto& [name, file] : files_) image[name] = file->bytes;
  return image;
}

bool DiskVfs::fails(Call call) {
  using enum Fault::Kind;
  switch (fault_.kind) {
    case none:
      return false;
    case io:
      break;
    case full:
      if (call != Call::write) return false;
      break;
    case busy:
      if (call != Call::lock) return false;
      break;
    case partial_read:
      if (call != Call::read) return false;
      break;
    case cannot_open:
      if (call != Call::open) return false;
      break;
  }
  const std::int64_t number = calls_++;
  const bool hit = number == fault_.at || (fault_.persistent && number > fault_.at && fault_.at >= 0);
  hits_ += hit ? 1 : 0;
  return hit;
}

}  // namespace baton::crash
