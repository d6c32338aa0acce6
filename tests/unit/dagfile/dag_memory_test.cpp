// What a compiled Dag takes in memory: ten thousand of them are kept by a scheduler. Counted by an operator new of this
// program, so that the figure depends on no clock and no neighbour.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "scheduler/dagfile/canonical.h"
#include "tests/unit/dagfile/load.h"

namespace {

std::atomic<std::ptrdiff_t> allocated{0};
/// What a block takes of glibc's malloc: its head of 8 bytes, in steps of 16, 32 at least. Under a sanitizer, whose malloc
/// tells the bytes that were asked for, this comes to the same.
std::ptrdiff_t size_of_block(void* at) {
  const auto usable = static_cast<std::ptrdiff_t>(::malloc_usable_size(at));
  return std::max<std::ptrdiff_t>(32, (usable + 8 + 15) / 16 * 16);
}

void* counted_or_null(std::size_t bytes) noexcept {
  void* at = std::malloc(bytes);
  if (at != nullptr) allocated += size_of_block(at);
  return at;
}

void* counted(std::size_t bytes) {
  void* at = counted_or_null(bytes);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

void uncounted(void* at) noexcept {
  if (at == nullptr) return;
  allocated -= size_of_block(at);
  std::free(at);
}

}  // namespace

// Not inlined: a compiler that sees malloc behind one of a pair and not behind the other takes them for mismatched.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(bytes);
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) {
  return counted(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted_or_null(bytes);
}
[[gnu::noinline]] void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted_or_null(bytes);
}
[[gnu::noinline]] void operator delete(void* at) noexcept {
  uncounted(at);
}
[[gnu::noinline]] void operator delete[](void* at) noexcept {
  uncounted(at);
}
[[gnu::noinline]] void operator delete(void* at, const std::nothrow_t&) noexcept {
  uncounted(at);
}
[[gnu::noinline]] void operator delete[](void* at, const std::nothrow_t&) noexcept {
  uncounted(at);
}
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept {
  uncounted(at);
}
[[gnu::noinline]] void operator delete[](void* at, std::size_t) noexcept {
  uncounted(at);
}

namespace baton {
namespace {

constexpr std::ptrdiff_t kBar = 20 * 1024;

/// Twenty tasks that all differ: what such a Dag shares with itself is little.
std::string twenty_tasks(const std::string& more) {
  std::string text = "dag: etl\ndefaults: {retries: 2, timeout: 1h, pool: db, env: {STAGE: prod}}\npools: {db: 4}\n"
                     "params: {day: {type: string, default: '2026-01-01'}}\ntasks:\n";
  for (int t = 0; t < 20; ++t) {
    const std::string n = std::to_string(t);
    text += "  task_" + n + ":\n    run: |\n      set -eu\n";
    text += "      python3 -m etl.step_" + n + " --table sales_" + n + more + "\n";
    if (t > 0) text += "    needs: task_" + std::to_string(t - 1) + "\n";
  }
  return text;
}

/// Bytes that the Dag of a file takes, read back from its stored form as a scheduler does.
std::ptrdiff_t bytes_of(const std::string& text) {
  const std::string stored = canonical_json(*test::load(text));
  (void)from_canonical(stored, {});  // what is made once for all stands already
  const std::ptrdiff_t before = allocated;
  const auto dag = from_canonical(stored, {});
  EXPECT_TRUE(dag);
  const std::ptrdiff_t bytes = allocated - before;
  testing::Test::RecordProperty("bytes", std::to_string(bytes));
  return bytes;
}

TEST(DagMemory, TwentyTasksTakeTwentyKilobytesAtMost) {
  EXPECT_LE(bytes_of(twenty_tasks("")), kBar);
}

TEST(DagMemory, AnExpressionInEachTaskFitsToo) {
  EXPECT_LE(bytes_of(twenty_tasks(" --day ${{ params.day }}")), kBar);
}

}  // namespace
}  // namespace baton
