#define _GNU_SOURCE
#include "Confinement.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "Steps.h"

static int fail(struct ds_confinement_report *report, const char *step, int error) {
  report->failed_step = step;
  report->error_number = error;
  return DS_CONFINEMENT_FAILED;
}

static int enter_directory(const struct ds_confinement *policy) {
  umask(077);
  if (policy->working_directory && chdir(policy->working_directory) != 0) return errno;
  return 0;
}

static int forbid_new_privileges(void) {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

// A change of user namespace hides the process from its user, who must see what files it keeps open
// without a name. Other sessions cannot look: they have no /proc, and no call that traces.
static int show_to_user(void) { return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : errno; }

// Not earlier: a change of user namespace breaks the bond. The parent may have ended meanwhile.
static int end_with_parent(const struct ds_confinement *policy) {
  if (policy->parent == 0) return 0;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
  return getppid() == policy->parent ? 0 : ESRCH;
}

// Whether the policy's TCP can be bounded: by a namespace without a way out, or by port.
static int tcp_is_bounded(const struct ds_confinement_report *report) {
  return (report->layers & DS_LAYER_NETWORK_NAMESPACE) || report->landlock_abi >= 4;
}

// The order is that of what each step takes away: a user namespace needs a process that may be
// dumped, limits need /proc, Landlock needs to open the paths, the filter needs everything before.
int ds_confine(const struct ds_confinement *policy, struct ds_confinement_report *report) {
  memset(report, 0, sizeof *report);
  report->proxy_listener = -1;
  report->landlock_abi = ds_landlock_abi();
  const int tolerant = (policy->options & DS_CONFINE_ALLOW_UNCONFINED) != 0;
  const int proxied = (policy->options & DS_CONFINE_PROXY) != 0;
  int error;

  if (report->landlock_abi == 0 && !tolerant) return DS_CONFINEMENT_NO_LANDLOCK;
  if ((policy->options & DS_CONFINE_NAMESPACES) && (error = ds_enter_namespaces(report)))
    return fail(report, "entering namespaces", error);
  if (proxied) {
    if (!tcp_is_bounded(report) && !tolerant) return DS_CONFINEMENT_NO_TCP_RULES;
    if ((error = ds_open_proxy_listener(report)))
      return fail(report, "opening the proxy's socket", error);
  }
  if ((error = enter_directory(policy))) return fail(report, "entering the workspace", error);
  if ((error = ds_set_limits(policy))) return fail(report, "setting limits", error);
  report->layers |= DS_LAYER_LIMITS;
  if ((error = ds_drop_capabilities())) return fail(report, "dropping capabilities", error);
  report->layers |= DS_LAYER_CAPABILITIES_DROPPED;
  if ((error = forbid_new_privileges())) return fail(report, "forbidding new privileges", error);
  if (report->landlock_abi > 0 && (error = ds_restrict_with_landlock(policy, report)))
    return fail(report, "restricting files with Landlock", error);
  if ((error = ds_supervise_threads(policy, report)))
    return fail(report, "supervising threads", error);
  if ((error = ds_close_descriptors(policy, report->proxy_listener)))
    return fail(report, "closing descriptors", error);
  report->layers |= DS_LAYER_DESCRIPTORS;
  if ((error = show_to_user())) return fail(report, "showing itself to its user", error);
  if ((error = end_with_parent(policy))) return fail(report, "binding to the parent", error);
  if ((error = ds_restrict_system_calls(policy, report)))
    return fail(report, "installing the system call filter", error);
  report->layers |= DS_LAYER_SYSTEM_CALLS;
  return DS_CONFINED;
}
