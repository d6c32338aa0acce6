#include <openssl/evp.h>

#include <array>

#include "scheduler/engine/decide.h"

namespace baton {
namespace {

void put(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4U];
    hex += kHex[digest[i] & 15U];
  }
  return hex;
}

}  // namespace

std::string cache_spec_hash(const Dag& dag, TaskNo task_no) {
  const TaskSpec& spec = dag.spec(task_no);
  std::string text{to_string(spec.kind)};
  put(text, spec.script.source);
  for (const Text& arg : spec.argv) put(text, arg.source);
  for (const auto& word : spec.shell) put(text, word);
  for (const auto* entries : {&dag.env, &spec.env}) {
    for (const EnvEntry& e : *entries) {
      put(text, e.name);
      put(text, e.secret.empty() ? e.value.source : e.secret);
    }
  }
  put(text, spec.cwd.source);
  put(text, spec.stdin_text.source);
  for (const OutputSpec& o : spec.outputs) {
    put(text, o.name);
    put(text, std::to_string(static_cast<int>(o.type)));
  }
  return sha256_hex(text);
}

}  // namespace baton
