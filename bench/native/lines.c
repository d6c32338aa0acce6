// lines MIB: writes so many MiB of log lines to its output, 64 KiB at a time: as fast as a task can log.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  static const char line[] = "2026-01-31T02:30:00.123456Z INFO  loader: 1234 rows of part 0815, all is well ......... 0123\n";
  enum { kBlock = 64 * 1024 };
  static char block[kBlock];
  for (size_t at = 0; at < kBlock; ++at) block[at] = line[at % (sizeof line - 1)];
  long left = argc > 1 ? atol(argv[1]) * 16 : 0;
  for (; left > 0; --left) {
    for (size_t done = 0; done < kBlock;) {
      const ssize_t n = write(1, block + done, kBlock - done);
      if (n <= 0) return 1;
      done += (size_t)n;
    }
  }
  return 0;
}
