#include "scheduler/host/local/vault.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "scheduler/dagfile/scalar.h"
#include "scheduler/json/json_value.h"

namespace baton {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kVaultBytesMax = 64 << 20;
constexpr char kCredential[] = "baton-secrets-key";

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), count);
  return bytes;
}

std::string base64(const std::string& bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // its NUL
  return text;
}

std::optional<std::string> from_base64(const std::string& text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  bytes.resize(length);
  return bytes;
}

Error cannot(const char* what, const fs::path& path) {
  const int number = errno;
  const ErrorKind kind = number == EACCES || number == EPERM ? ErrorKind::denied : ErrorKind::storage;
  return Error{std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(number), kind};
}

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_all(int fd, const fs::path& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return Error{path.string() + " is not a regular file", ErrorKind::denied};
  if (static_cast<std::size_t>(info.st_size) > kVaultBytesMax) {
    return Error{path.string() + " is larger than " + std::to_string(kVaultBytesMax >> 20) + " MiB", ErrorKind::storage};
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::read(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot("read", path);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  text.resize(done);
  return text;
}

Status write_all(int fd, const std::string& text, const fs::path& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot("write", path);
    done += static_cast<std::size_t>(n);
  }
  return ::fsync(fd) == 0 ? Status(Unit{}) : Status(cannot("write", path));
}

Status sync_folder(const fs::path& folder) {
  const Descriptor at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return at.get() >= 0 && ::fsync(at.get()) == 0 ? Status(Unit{}) : Status(cannot("write", folder));
}

/// The file is there whole, or as it was before: also after a crash of the machine.
Status replace_file(const fs::path& path, const std::string& text) {
  const fs::path made = path.string() + ".new";
  ::unlink(made.c_str());
  {
    const Descriptor file(::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return cannot("make", made);
    if (Status written = write_all(file.get(), text, made); !written) return written;
  }
  if (::rename(made.c_str(), path.c_str()) != 0) return cannot("replace", path);
  return sync_folder(path.parent_path());
}

std::string additional_data(const std::string& name) { return std::string("baton secret 1") + '\0' + name; }

const std::string& text_of(const Value& one, std::string_view member) {
  static const std::string kNone;
  const Value* found = one.find(member);
  return found != nullptr && found->type() == ValueType::string ? found->as_string() : kNone;
}

/// Of the first NUL on, none of it would reach a task.
Status check_value(const std::string& name, const std::string& value) {
  const auto refuse = [&](const std::string& why) {
    return Error{"the value of secret \"" + name + "\" " + why, ErrorKind::invalid};
  };
  if (value.empty()) return refuse("is empty");
  if (value.size() > Vault::kValueBytesMax) return refuse("is longer than 64 KiB");
  if (value.find('\0') != std::string::npos) return refuse("holds a NUL byte");
  return Unit{};
}

}  // namespace

Vault::Vault(fs::path state_folder) : folder_(std::move(state_folder)), is_ready_(sodium_init() >= 0) {}

/// Without random numbers no key and no nonce is one.
Status Vault::check_ready() const {
  if (is_ready_) return Unit{};
  return Error{"secrets cannot be opened: this system gives no random numbers", ErrorKind::storage};
}

/// That of systemd goes before one in the folder: who has both has moved to the former.
Result<std::string> Vault::key(bool make) const {
  fs::path path = folder_ / "secrets.key";
  bool is_credential = false;
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY")) {
    const fs::path given = fs::path(credentials) / kCredential;
    std::error_code ignored;
    if (fs::exists(given, ignored)) {
      path = given;
      is_credential = true;
    }
  }
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0 && errno == ENOENT && make) {
    const std::string made = base64(random_bytes(kKeyBytes));
    if (Status written = replace_file(path, made + "\n"); !written) return written.error();
    return *from_base64(made);
  }
  if (file.get() < 0 && errno == ENOENT) {
    return Error{"the key of the secrets, " + path.string() + ", is missing: without it they cannot be read; bring it "
                 "back from a copy, or remove " + (folder_ / "secrets.json").string() + " and set them anew",
                 ErrorKind::storage};
  }
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return cannot("read", path);
  if (!is_credential && (info.st_uid != ::geteuid() || (info.st_mode & 077) != 0)) {
    return Error{"the key of the secrets can be read by others; type: chmod 600 " + path.string(), ErrorKind::denied};
  }
  auto text = read_all(file.get(), path, info);
  if (!text) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  auto bytes = from_base64(*text);
  if (!bytes || bytes->size() != kKeyBytes) {
    return Error{path.string() + " is no key: " + std::to_string(kKeyBytes) + " bytes in base64 are wanted",
                 ErrorKind::storage};
  }
  return std::move(*bytes);
}

Result<Vault::Boxes> Vault::read() const {
  const Descriptor at(::open(file().c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (at.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return Boxes{};
  struct stat info {};
  if (at.get() < 0 || ::fstat(at.get(), &info) != 0) return cannot("read", file());
  const Seen seen{info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_size, info.st_ino};
  if (seen == seen_) return kept_;
  auto text = read_all(at.get(), file(), info);
  if (!text) return text.error();
  const auto document = from_json(*text);
  const Value* all = document ? document->find("secrets") : nullptr;
  if (all == nullptr || all->type() != ValueType::map) {
    return Error{file().string() + " is damaged: it is no list of secrets; bring it back from a copy", ErrorKind::storage};
  }
  Boxes boxes;
  for (const auto& [name, one] : all->as_map()) {
    auto nonce = from_base64(text_of(one, "nonce"));
    auto bytes = from_base64(text_of(one, "box"));
    const Value* at_us = one.find("updated_at");
    Box box;
    if (nonce) box.nonce = std::move(*nonce);
    if (bytes) box.bytes = std::move(*bytes);
    box.updated_by = text_of(one, "updated_by");
    if (at_us != nullptr && at_us->type() == ValueType::integer) box.updated_at = at_us->as_int();
    boxes.emplace(name.as_string(), std::move(box));
  }
  seen_ = seen;
  kept_ = boxes;
  return boxes;
}

Result<std::optional<std::string>> Vault::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (Status ready = check_ready(); !ready) return ready.error();
  const auto boxes = read();
  if (!boxes) return boxes.error();
  const auto at = boxes->find(name);
  if (at == boxes->end()) return std::optional<std::string>{};
  auto secret_key = key(false);
  if (!secret_key) return secret_key.error();
  const Box& box = at->second;
  const std::string data = additional_data(name);
  std::string value(box.bytes.size(), '\0');
  unsigned long long length = 0;
  const bool opens =
      box.nonce.size() == kNonceBytes && box.bytes.size() >= crypto_aead_xchacha20poly1305_ietf_ABYTES &&
      crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(value), &length, nullptr, bytes_of(box.bytes), box.bytes.size(),
                                                 bytes_of(data), data.size(), bytes_of(box.nonce),
                                                 bytes_of(*secret_key)) == 0;
  sodium_memzero(secret_key->data(), secret_key->size());
  if (!opens) {
    return Error{"secret \"" + name + "\" cannot be read: it was written with another key, or " + file().string() +
                     " is damaged; set it anew",
                 ErrorKind::storage};
  }
  value.resize(length);
  return std::optional<std::string>{std::move(value)};
}

Result<std::vector<Vault::Entry>> Vault::list() const {
  const std::lock_guard lock(mutex_);
  const auto boxes = read();
  if (!boxes) return boxes.error();
  std::vector<Entry> out;
  for (const auto& [name, box] : *boxes) out.push_back({name, box.updated_by, box.updated_at});
  return out;
}

/// Between processes the lock file decides, so that two who set secrets at one time do not lose one of them.
Status Vault::change(const std::function<Status(Boxes&, const std::string& key)>& what) {
  const std::lock_guard lock(mutex_);
  if (Status ready = check_ready(); !ready) return ready;
  std::error_code failed;
  fs::create_directories(folder_.parent_path(), failed);
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make", folder_);
  const fs::path lock_path = folder_ / "secrets.lock";
  const Descriptor locked(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (locked.get() < 0) return cannot("make", lock_path);
  while (::flock(locked.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return cannot("lock", lock_path);
  }
  auto boxes = read();
  if (!boxes) return boxes.error();
  auto secret_key = key(boxes->empty());
  if (!secret_key) return secret_key.error();
  const Status changed = what(*boxes, *secret_key);
  sodium_memzero(secret_key->data(), secret_key->size());
  if (!changed) return changed;
  ValueMap all;
  for (const auto& [name, box] : *boxes) {
    all.emplace_back(Value{name}, ValueMap{{"nonce", base64(box.nonce)},
                                           {"box", base64(box.bytes)},
                                           {"updated_at", box.updated_at},
                                           {"updated_by", box.updated_by}});
  }
  return replace_file(file(), to_json(Value(ValueMap{{"version", 1}, {"secrets", std::move(all)}})) + "\n");
}

Status Vault::set(const std::string& name, const std::string& value, const std::string& by, WallUs at) {
  if (!dagfile::is_id(name)) {
    return Error{"\"" + name + "\" is no name of a secret: letters, digits, \"_\", \".\" and \"-\", at most 250",
                 ErrorKind::invalid};
  }
  if (Status good = check_value(name, value); !good) return good;
  return change([&](Boxes& boxes, const std::string& secret_key) -> Status {
    Box box;
    box.nonce = random_bytes(kNonceBytes);
    box.bytes.resize(value.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
    const std::string data = additional_data(name);
    unsigned long long length = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(box.bytes), &length, bytes_of(value), value.size(),
                                               bytes_of(data), data.size(), nullptr, bytes_of(box.nonce),
                                               bytes_of(secret_key));
    box.bytes.resize(length);
    box.updated_by = by;
    box.updated_at = at;
    boxes.insert_or_assign(name, std::move(box));
    return Unit{};
  });
}

Status Vault::remove(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto boxes = read();
    if (!boxes) return boxes.error();
    if (!boxes->contains(name)) return Error{"there is no secret \"" + name + "\" here", ErrorKind::not_found};
  }
  return change([&](Boxes& boxes, const std::string&) -> Status {
    boxes.erase(name);
    return Unit{};
  });
}

}  // namespace baton
