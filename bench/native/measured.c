// measured OUT COMMAND...: runs a command and writes what it cost to OUT, one "name value" a line: start and end
// (CLOCK_MONOTONIC, ns), CPU time and written blocks of the command and all that it waited for, and the memory of the
// largest process among them. A program of its own, because a child that Python starts is charged with Python's memory.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long us(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  const long long start = now_ns();
  const pid_t pid = vfork();
  if (pid == 0) {
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  int status = 0;
  struct rusage used;
  if (pid < 0 || wait4(pid, &status, 0, &used) != pid) return 125;
  const long long end = now_ns();
  FILE* out = fopen(argv[1], "w");
  if (out == NULL) return 125;
  fprintf(out, "start_ns %lld\nend_ns %lld\ncpu_us %lld\nmax_rss_kib %ld\nwritten_blocks %ld\n", start, end,
          us(used.ru_utime) + us(used.ru_stime), used.ru_maxrss, used.ru_oublock);
  if (fclose(out) != 0) return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
