// dynasaur-worker: the worker process of `.process` isolation. Started by the runtime, which passes
// the control channel as descriptor 3; of no use to a person.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "CInterpreter.h"

int main(int count, char **arguments) {
  struct stat channel;
  if (count == 2 && !strcmp(arguments[1], "zygote") && fstat(3, &channel) == 0 &&
      S_ISSOCK(channel.st_mode))
    return ds_worker_main(3);
  fprintf(stderr, "%s is started by DynaSaur, to run Python code in a confined process.\n",
          count ? arguments[0] : "dynasaur-worker");
  return 64;
}
