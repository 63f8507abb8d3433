// Dummy workers for the benchmarks, and the clock that they are measured by.
//   dummies spawn COUNT NAME   starts COUNT processes `NAME --id=1` … that only wait; prints "ready"; they end with their parent
//   dummies clock              for each pid on a line of stdin: the nanoseconds of CPU that it has used, or -1
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static void wait_for_ever(void) {
  for (;;) pause();
}

static int spawn_all(const char *program, int count, char *name) {
  int pipes[2];
  if (pipe(pipes) != 0) return 1;
  for (int id = 1; id <= count; id++) {
    pid_t pid = fork();
    if (pid < 0) return 1;
    if (pid > 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char argument[32];
    snprintf(argument, sizeof argument, "--id=%d", id);
    char *argv[] = {name, argument, NULL};
    // Closed by the exec: the parent reads the end of the pipe when every child is what it should be.
    close(pipes[0]);
    dup2(pipes[1], 3);
    if (pipes[1] != 3) close(pipes[1]);
    prctl(PR_SET_NAME, "dummy");
    execv(program, argv);
    _exit(127);
  }
  close(pipes[1]);
  puts("ready");
  fflush(stdout);
  wait_for_ever();
  return 0;
}

static int clock_loop(void) {
  int pid;
  while (scanf("%d", &pid) == 1) {
    struct timespec used;
    clockid_t id = (clockid_t)((~(unsigned)pid << 3) | 2);
    if (clock_gettime(id, &used) == 0) printf("%lld\n", used.tv_sec * 1000000000LL + used.tv_nsec);
    else puts("-1");
    fflush(stdout);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "spawn") == 0) return spawn_all("/proc/self/exe", atoi(argv[2]), argv[3]);
  if (argc == 2 && strcmp(argv[1], "clock") == 0) return clock_loop();
  wait_for_ever();
}
