// spawn_loop [-s FILE] SLOTS COUNT COMMAND...: the bare cost of processes: starts the command COUNT times, SLOTS at a
// time, and waits for each. With SLOTS 1 it is a chain. No logs, no order, nothing kept: the floor that everything stands
// on. With -s it overwrites 16 KiB of FILE and syncs them after each end, before it starts another: the floor of what
// knows after a crash how far it came. A word `@` of the command becomes the number of the start.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char** command) {
  const pid_t pid = vfork();
  if (pid == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  return pid;
}

enum { kNoteBytes = 16 << 10, kNotes = 64 };
static char note[kNoteBytes];

// The file has its size and its blocks before the first note.
static int open_notes(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  for (int i = 0; fd >= 0 && i < kNotes; ++i) {
    if (pwrite(fd, note, sizeof note, (off_t)i * kNoteBytes) != sizeof note) return -1;
  }
  return fd >= 0 && fsync(fd) == 0 ? fd : -1;
}

static int write_down(int fd, long number) {
  memset(note, (int)number, sizeof note);
  return pwrite(fd, note, sizeof note, number % kNotes * kNoteBytes) == sizeof note && fdatasync(fd) == 0;
}

int main(int argc, char** argv) {
  int notes = -1;
  if (argc > 2 && strcmp(argv[1], "-s") == 0) {
    if ((notes = open_notes(argv[2])) < 0) return 1;
    argc -= 2;
    argv += 2;
  }
  if (argc < 4) return 2;
  const long slots = atol(argv[1]), count = atol(argv[2]);
  char** command = argv + 3;
  char** number = NULL;
  static char digits[24];
  for (char** word = command; *word != NULL; ++word) {
    if (strcmp(*word, "@") == 0) number = word;
  }
  if (number != NULL) *number = digits;
  long started = 0, ended = 0;
  while (ended < count) {
    while (started < count && started - ended < slots) {
      snprintf(digits, sizeof digits, "%ld", started);
      if (start(command) < 0) return 1;
      ++started;
    }
    int status = 0;
    if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return 1;
    ++ended;
    if (notes >= 0 && !write_down(notes, ended)) return 1;
  }
  return 0;
}
