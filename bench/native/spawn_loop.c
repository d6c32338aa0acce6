// spawn_loop SLOTS COUNT COMMAND...: the bare cost of processes: starts the command COUNT times, SLOTS at a time, and
// waits for each. With SLOTS 1 it is a chain. No logs, no order, nothing kept: the floor that everything stands on.
// A word `@` of the command becomes the number of the start.
#define _GNU_SOURCE
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

int main(int argc, char** argv) {
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
  }
  return 0;
}
