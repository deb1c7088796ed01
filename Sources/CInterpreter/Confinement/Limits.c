#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Steps.h"

// Lowers a limit; never raises one, which only root could and nobody asked for.
static int lower(int resource, rlim_t value) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) return errno;
  if (limit.rlim_max > value) limit.rlim_max = value;
  if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

// When memory runs out the kernel should take a worker before it takes the host. Best effort: a
// process may always raise its own value, but /proc may be absent.
static void volunteer_for_out_of_memory(void) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t written = write(file, "1000", 4);
  (void)written;
  close(file);
}

int ds_set_limits(const struct ds_confinement *policy) {
  volunteer_for_out_of_memory();
  const struct {
    int resource;
    uint64_t value;
  } limits[] = {
      {RLIMIT_AS, policy->memory_limit},        {RLIMIT_FSIZE, policy->file_size_limit},
      {RLIMIT_NOFILE, policy->descriptor_limit}, {RLIMIT_CPU, policy->cpu_limit},
  };
  int error = lower(RLIMIT_CORE, 0);
  for (size_t i = 0; i < sizeof limits / sizeof *limits && !error; i++)
    if (limits[i].value) error = lower(limits[i].resource, limits[i].value);
  return error;
}

int ds_drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
  memset(none, 0, sizeof none);
  if (syscall(SYS_capset, &header, none) != 0) return errno;
  // Ambient capabilities fall with the permitted set; this says so where that is not known.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return 0;
}

static int close_range_of(int first, int last) {
  if (first > last) return 0;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0) return 0;
  if (errno != ENOSYS && errno != EPERM) return errno;
#endif
  long open_limit = sysconf(_SC_OPEN_MAX);
  for (int fd = first; fd <= last && fd < open_limit; fd++) close(fd);
  return 0;
}

int ds_close_descriptors(const struct ds_confinement *policy, int extra) {
  int first = 3;
  size_t next = 0;
  int error = 0;
  // Walks the kept ones in ascending order and closes the gaps between them.
  while (!error && (next < policy->kept_count || extra >= first)) {
    int kept = next < policy->kept_count ? policy->kept_descriptors[next] : extra;
    if (extra >= first && extra <= kept) {
      kept = extra;
      extra = -1;
    } else {
      next++;
    }
    if (kept < first) continue;
    error = close_range_of(first, kept - 1);
    first = kept + 1;
  }
  return error ? error : close_range_of(first, 0x7fffffff);
}
