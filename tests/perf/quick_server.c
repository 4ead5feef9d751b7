/* A server of the OpenAI kind that answers at once, and logs its writes.

   cc -O2 -o quick_server quick_server.c; ./quick_server LOG [TOKENS]
   Each answer is of so many tokens (1), each an event and a chunk of its own; all are
   handed to the system at once, so that they cost the server next to nothing.
   Prints its port, serves 127.0.0.1, and ends when its standard input does; then LOG
   holds for each request three numbers of eight bytes: its id, the nanosecond at which
   it was whole, and that just before its answer was handed to the system. The clock is
   CLOCK_MONOTONIC, that of Python's perf_counter_ns on Linux. It is in C so that a core
   that it shares with a client is the client's for the most part. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 4096, ROOM = 1 << 16, EVENTS = 256 };
struct line { char *text; size_t size; };
static struct line lines[LINES];
static uint64_t *rows;
static size_t count, room;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static char *events;
static size_t events_size;

/* Make the events of an answer, in chunks, once for all of them. */
static void make_events(int tokens) {
  static const char *token =
      "data: {\"id\":\"q\",\"object\":\"chat.completion.chunk\",\"created\":0,"
      "\"model\":\"pulse\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"yes\"},"
      "\"finish_reason\":null}]}\n\n";
  static const char *end =
      "data: {\"id\":\"q\",\"object\":\"chat.completion.chunk\",\"created\":0,"
      "\"model\":\"pulse\",\"choices\":[{\"index\":0,\"delta\":{},"
      "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
      "\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n"
      "data: [DONE]\n\n";
  char last[1024];
  int size = snprintf(last, sizeof last, end, tokens, tokens + 1);
  events = malloc((size_t)tokens * (strlen(token) + 16) + (size_t)size + 64);
  for (int n = 0; n < tokens; n++)
    events_size += (size_t)sprintf(events + events_size, "%zx\r\n%s\r\n",
                                   strlen(token), token);
  events_size += (size_t)sprintf(events + events_size, "%x\r\n%s\r\n0\r\n\r\n",
                                 size, last);
}

static void answer(int fd, const char *head) {
  static const char *list =
      "{\"object\":\"list\",\"data\":[{\"id\":\"pulse\",\"object\":\"model\"}]}";
  char text[512];
  uint64_t whole = now();
  struct iovec parts[2] = {{.iov_base = text}, {.iov_base = events}};
  struct msghdr all = {.msg_iov = parts, .msg_iovlen = 1};
  if (strncmp(head, "POST", 4) != 0) {
    parts[0].iov_len = (size_t)snprintf(
        text, sizeof text,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        "content-length: %zu\r\n\r\n%s", strlen(list), list);
  } else {
    if (count + 3 > room) {
      room = room ? 2 * room : 3 << 20;
      rows = realloc(rows, room * sizeof *rows);
    }
    parts[0].iov_len = (size_t)snprintf(
        text, sizeof text,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        "x-request-id: %zu\r\ntransfer-encoding: chunked\r\n\r\n", count / 3);
    parts[1].iov_len = events_size;
    all.msg_iovlen = 2;
    rows[count] = count / 3;
    rows[count + 1] = whole;
    rows[count + 2] = now();
    count += 3;
  }
  ssize_t size = (ssize_t)(parts[0].iov_len + parts[1].iov_len);
  if (sendmsg(fd, &all, MSG_NOSIGNAL) != size) close(fd);
}

/* Return how long the first request is; 0 while it is not whole. */
static size_t whole_request(const struct line *one) {
  char *end = memmem(one->text, one->size, "\r\n\r\n", 4);
  if (!end) return 0;
  size_t head = (size_t)(end - one->text) + 4, body = 0;
  for (char *at = one->text; at < end; at++)
    if (*at == '\n' && !strncasecmp(at + 1, "content-length:", 15))
      body = strtoul(at + 16, NULL, 10);
  return one->size >= head + body ? head + body : 0;
}

static void take(int epoll, int fd) {
  struct line *one = &lines[fd];
  ssize_t got = recv(fd, one->text + one->size, ROOM - one->size, MSG_DONTWAIT);
  if (got <= 0) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
    return;
  }
  one->size += (size_t)got;
  size_t done;
  while ((done = whole_request(one))) {
    answer(fd, one->text);
    memmove(one->text, one->text + done, one->size -= done);
  }
}

int main(int argc, char **argv) {
  int door = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), on = 1;
  struct sockaddr_in here = {.sin_family = AF_INET};
  socklen_t size = sizeof here;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (argc < 2 || bind(door, (void *)&here, size) || listen(door, LINES)) return 1;
  make_events(argc > 2 ? atoi(argv[2]) : 1);
  getsockname(door, (void *)&here, &size);
  printf("%d\n", ntohs(here.sin_port));
  fflush(stdout);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, events[EVENTS];
  epoll_ctl(epoll, EPOLL_CTL_ADD, door, &event);
  event.data.fd = 0;
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS, -1);
    for (int n = 0; n < ready; n++) {
      int fd = events[n].data.fd;
      if (fd == 0) {
        FILE *log = fopen(argv[1], "wb");
        fwrite(rows, sizeof *rows, count, log);
        return fclose(log);
      }
      if (fd != door) {
        take(epoll, fd);
        continue;
      }
      int line = accept(door, NULL, NULL);
      if (line < 0 || line >= LINES) continue;
      setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (!lines[line].text) lines[line].text = malloc(ROOM + 1);
      lines[line].size = 0;
      event.data.fd = line;
      epoll_ctl(epoll, EPOLL_CTL_ADD, line, &event);
    }
  }
}
