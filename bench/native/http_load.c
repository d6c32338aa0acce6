// http_load PORT CONNECTIONS REQUESTS RATE FILE...: sends the requests of the files, each file a whole one in the bytes of
// HTTP/1.1, in turn over kept connections to 127.0.0.1, and prints one line "STATUS US" for each answer, in the order in
// which they came. RATE is requests a second over all connections, 0 for as fast as answers come. With a rate the time
// counts from when the request was due, not from when a connection was free for it: else a server that stops for a
// second would spoil one figure instead of all that were due meanwhile ("coordinated omission").
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 4 << 20 };

struct Text {
  char* at;
  size_t size;
};

struct Link {
  int fd, is_busy;
  long long due_ns;
  char* answer;
  size_t have;
};

static void fail(const char* what) {
  fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct Text read_text(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat about;
  if (fd < 0 || fstat(fd, &about) != 0) fail(path);
  struct Text text = {malloc((size_t)about.st_size), (size_t)about.st_size};
  if (!text.at || read(fd, text.at, text.size) != (ssize_t)text.size) fail(path);
  close(fd);
  return text;
}

static int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr*)&place, sizeof place) != 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void send_to(struct Link* link, struct Text text, long long due_ns) {
  link->is_busy = 1;
  link->have = 0;
  link->due_ns = due_ns;
  if (write(link->fd, text.at, text.size) != (ssize_t)text.size) fail("write");
}

// The status of the answer once all of it is there, else 0. Bodies come with their length or in chunks.
static int status_of(struct Link* link) {
  link->answer[link->have] = 0;
  char* end = strstr(link->answer, "\r\n\r\n");
  if (!end) return 0;
  const size_t head = (size_t)(end - link->answer) + 4;
  const int status = atoi(link->answer + 9);
  char* length = strcasestr(link->answer, "\r\ncontent-length:");
  if (length && length < end) return link->have >= head + (size_t)atol(length + 17) ? status : 0;
  char* chunked = strcasestr(link->answer, "\r\ntransfer-encoding: chunked");
  if (chunked && chunked <= end) return memcmp(link->answer + link->have - 5, "0\r\n\r\n", 5) == 0 ? status : 0;
  return status;
}

// One read of a connection; the status of an answer that is whole now, else 0.
static int read_from(struct Link* link) {
  if (link->have + 1 >= ROOM) {
    errno = EMSGSIZE;
    fail("answer");
  }
  const ssize_t got = read(link->fd, link->answer + link->have, ROOM - 1 - link->have);
  if (got <= 0) fail("the server closed the connection");
  link->have += (size_t)got;
  return status_of(link);
}

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  signal(SIGPIPE, SIG_IGN);  // a connection that the server has closed is said in words
  const int connections = atoi(argv[2]), kinds = argc - 5;
  const long total = atol(argv[3]), rate = atol(argv[4]);
  struct Text texts[64];
  if (kinds > 64 || connections < 1) return 2;
  for (int i = 0; i < kinds; ++i) texts[i] = read_text(argv[5 + i]);
  struct Link* links = calloc((size_t)connections, sizeof *links);
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < connections; ++i) {
    links[i].fd = connect_to(atoi(argv[1]));
    links[i].answer = malloc(ROOM);  // touched only as far as answers reach
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &links[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, links[i].fd, &event);
  }
  const long long begin = now_ns();
  prctl(PR_SET_TIMERSLACK, 1UL);
  long sent = 0, answered = 0;
  while (answered < total) {
    // Asleep to the very moment: a client that waits awake takes the cores on which the server is measured.
    struct timespec rest, *wait = NULL;
    for (int i = 0; i < connections && sent < total; ++i) {
      if (links[i].is_busy) continue;
      const long long now = now_ns(), due = rate ? begin + sent * 1000000000LL / rate : now;
      if (due > now) {
        rest = (struct timespec){(due - now) / 1000000000LL, (due - now) % 1000000000LL};
        wait = &rest;
        break;
      }
      send_to(&links[i], texts[sent % kinds], due);
      ++sent;
    }
    struct epoll_event events[64];
    const int n = epoll_pwait2(poll, events, 64, wait, NULL);
    for (int i = 0; i < n; ++i) {
      struct Link* link = events[i].data.ptr;
      const int status = read_from(link);
      if (!status) continue;
      printf("%d %lld\n", status, (now_ns() - link->due_ns) / 1000);
      link->is_busy = 0;
      ++answered;
    }
  }
  return 0;
}
