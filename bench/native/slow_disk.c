// slow_disk.so, for LD_PRELOAD: adds $BENCH_SYNC_US to each fsync and fdatasync, and counts them in the first eight bytes
// of the file $BENCH_SYNC_COUNT (mapped, so that the count survives however the process ends).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic long* count;
static long delay_us;

__attribute__((constructor)) static void begin(void) {
  const char* delay = getenv("BENCH_SYNC_US");
  const char* path = getenv("BENCH_SYNC_COUNT");
  delay_us = delay != NULL ? atol(delay) : 0;
  if (path == NULL) return;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) count = page;
  close(fd);
}

static void pass(void) {
  if (count != NULL) atomic_fetch_add(count, 1);
  if (delay_us == 0) return;
  struct timespec span = {.tv_sec = delay_us / 1000000, .tv_nsec = delay_us % 1000000 * 1000};
  while (nanosleep(&span, &span) != 0) {
  }
}

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  pass();
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  pass();
  return real(fd);
}
