// relay COUNT COMMAND...: the least that a durable scheduler of Baton's shape can do, and nothing else: one process keeps
// the state in SQLite (WAL, synchronous=FULL), another starts the tasks, so that either may die without the other. A
// chain: the end of one task and the claim of the next are one transaction; meanwhile the other process opens the log of
// the next. No graph, no journal, no output, no limits, no control groups. The database, `db`, and the logs lie in the
// working folder; the database has COUNT successes in the end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kHopBytes = 16 << 10 };  // of the log of the database, about

static sqlite3* db;

static void must(int ok, const char* what) {
  if (ok) return;
  fprintf(stderr, "relay: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "failed");
  exit(1);
}

static void sql(const char* text) { must(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text); }

static sqlite3_stmt* prepared(const char* text) {
  sqlite3_stmt* statement = NULL;
  must(sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK, text);
  return statement;
}

static void step(sqlite3_stmt* statement) {
  must(sqlite3_step(statement) == SQLITE_DONE, "step");
  sqlite3_reset(statement);
}

// ── the process that starts tasks: 'p' opens the next log, 's' starts the task; it answers 'e' at its end ─────────────

static int open_log(long number) {
  char name[32];
  snprintf(name, sizeof name, "%ld.log", number);
  return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int run(char** command, int log) {
  const pid_t pid = vfork();
  if (pid == 0) {
    dup2(log, 1);
    dup2(log, 2);
    execvp(command[0], command);
    _exit(127);
  }
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void start_tasks(int scheduler, char** command) {
  char order = 0;
  int log = -1;
  for (long number = 0; read(scheduler, &order, 1) == 1;) {
    if (order == 'p') {
      log = open_log(number++);
      continue;
    }
    if (!run(command, log) || write(scheduler, "e", 1) != 1) _exit(1);
    close(log);
  }
  _exit(0);
}

// ── the process that keeps the state ─────────────────────────────────────────────────────────────────────────────────

// Room ahead of the log's end: overwriting needs no new blocks.
static void grow_log(long count) {
  const int fd = open("db-wal", O_WRONLY | O_CLOEXEC);
  static char zeros[kHopBytes];
  const off_t end = lseek(fd, 0, SEEK_END);
  for (long i = 0; i < count; ++i) must(pwrite(fd, zeros, sizeof zeros, end + i * kHopBytes) == kHopBytes, "db-wal");
  must(fsync(fd) == 0, "fsync");
  close(fd);
}

static void open_store(long count) {
  must(sqlite3_open("db", &db) == SQLITE_OK, "open");
  sql("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
      "CREATE TABLE task (no INTEGER PRIMARY KEY, state INT, epoch INT, queued INT, began INT, ended INT, seq INT);"
      "CREATE INDEX task_by_seq ON task (seq);"
      "CREATE TABLE try (no INT, epoch INT, began INT, ended INT, cpu INT, PRIMARY KEY (no, epoch)) WITHOUT ROWID;"
      "BEGIN");
  sqlite3_stmt* const task = prepared("INSERT INTO task VALUES (?,0,0,0,0,0,0)");
  for (long i = 0; i <= count; ++i) {
    sqlite3_bind_int64(task, 1, i);
    step(task);
  }
  sqlite3_finalize(task);
  sql("COMMIT");
  grow_log(count);
}

static void set_task(sqlite3_stmt* update, long number, int state, long at, long seq) {
  const sqlite3_int64 values[] = {state, 1, at, at, state == 2 ? at : 0, seq, number};
  for (int i = 0; i < 7; ++i) sqlite3_bind_int64(update, i + 1, values[i]);
  step(update);
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const long count = atol(argv[1]);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 1;
  const pid_t other = fork();
  if (other == 0) {
    close(ends[0]);
    start_tasks(ends[1], argv + 2);
  }
  close(ends[1]);
  open_store(count);
  sqlite3_stmt* const begin = prepared("BEGIN IMMEDIATE");
  sqlite3_stmt* const commit = prepared("COMMIT");
  sqlite3_stmt* const update =
      prepared("UPDATE task SET state=?, epoch=?, queued=?, began=?, ended=?, seq=? WHERE no=?");
  sqlite3_stmt* const insert = prepared("INSERT INTO try VALUES (?,1,?,?,?)");
  char answer = 0;
  for (long i = -1; i < count; ++i) {  // task i has ended, i + 1 comes next
    must(i < 0 || read(ends[0], &answer, 1) == 1, "a task");
    must(i + 1 == count || write(ends[0], "p", 1) == 1, "prepare");
    const long at = 1700000000000000 + i;
    step(begin);
    if (i >= 0) {
      set_task(update, i, 2, at, i);
      for (int column = 1; column <= 4; ++column) sqlite3_bind_int64(insert, column, column == 1 ? i : at);
      step(insert);
    }
    if (i + 1 < count) set_task(update, i + 1, 1, at, i);
    step(commit);
    must(i + 1 == count || write(ends[0], "s", 1) == 1, "start");
  }
  shutdown(ends[0], SHUT_WR);
  int status = 0;
  return waitpid(other, &status, 0) == other && status == 0 ? 0 : 1;
}
