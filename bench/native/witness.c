// witness FILE NUMBER [SLEEP_US | @SLEEPS]: a task that says of itself when it ran. One line "start NUMBER NS PARENT"
// before it sleeps, one line "end NUMBER NS PARENT" after it, each in one write to FILE with O_APPEND, so that the order
// of the lines is the order in which things happened. SLEEPS is a file whose line NUMBER (from 0) is the time in 10
// digits. While it lives it holds a lock on byte NUMBER of FILE.lock, if that file exists: a second process of the same
// task says "overlap". NS is CLOCK_MONOTONIC, PARENT the pid of who started it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static int say(int fd, const char* what, const char* number, int parent) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[96];
  const int size = snprintf(line, sizeof line, "%s %s %lld %d\n", what, number,
                            now.tv_sec * 1000000000LL + now.tv_nsec, parent);
  return write(fd, line, (size_t)size) == size;
}

static int is_alone(const char* file, long number) {
  char path[4096];
  snprintf(path, sizeof path, "%s.lock", file);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return 1;
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static long sleep_of(const char* word, long number) {
  if (*word != '@') return atol(word);
  char line[12] = "";
  const int fd = open(word + 1, O_RDONLY | O_CLOEXEC);
  return fd >= 0 && pread(fd, line, 11, number * 11) == 11 ? atol(line) : -1;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return 1;
  const int parent = getppid();
  if (!is_alone(argv[1], atol(argv[2])) && !say(fd, "overlap", argv[2], parent)) return 1;
  if (!say(fd, "start", argv[2], parent)) return 1;
  const long sleep_us = argc > 3 ? sleep_of(argv[3], atol(argv[2])) : 0;
  if (sleep_us < 0) return 1;
  if (sleep_us > 0) {
    prctl(PR_SET_TIMERSLACK, 1);  // ns, else the kernel adds 50 µs to each
    const struct timespec span = {.tv_sec = sleep_us / 1000000, .tv_nsec = sleep_us % 1000000 * 1000};
    nanosleep(&span, NULL);
  }
  return say(fd, "end", argv[2], parent) ? 0 : 1;
}
