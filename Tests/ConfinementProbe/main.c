#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "Probe.h"

static void parse(struct circumstances *c, const char *option) {
  unsigned long long number = 0;
  if (!strcmp(option, "--nobody")) c->nobody = 1;
  else if (!strcmp(option, "--no-namespaces")) c->no_namespaces = 1;
  else if (!strcmp(option, "--no-landlock")) c->no_landlock = 1;
  else if (!strcmp(option, "--no-supervision")) c->no_supervision = 1;
  else if (!strcmp(option, "--allow-unconfined")) c->allow_unconfined = 1;
  else if (!strcmp(option, "--network")) c->network = 1;
  else if (sscanf(option, "--deadline=%llu", &number) == 1) c->deadline = (unsigned)number;
  else if (sscanf(option, "--memory=%llu", &number) == 1) c->memory = number;
  else if (sscanf(option, "--threads=%llu", &number) == 1) c->threads = (unsigned)number;
  else {
    fprintf(stderr, "probe: unknown option %s\n", option);
    exit(2);
  }
}

int main(int count, char **arguments) {
  if (count > 1 && !strcmp(arguments[1], "zygote")) return ds_worker_main(3, &probe_engine);
  struct circumstances circumstances = {.deadline = 5000, .memory = 1ull << 30, .threads = 64};
  for (int i = 2; i < count; i++) parse(&circumstances, arguments[i]);
  char program[4096];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length < 0) give_up("finding the program");
  program[length] = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count > 1 && !strcmp(arguments[1], "run")) return run_snippet(&circumstances, program);
  if (count > 1 && !strcmp(arguments[1], "attempts")) return run_attempts(&circumstances);
  fprintf(stderr, "usage: probe run|attempts [--option ...]\n");
  return 2;
}
