// The steps of ds_confine, one file each. All run in a single-threaded child, need no GIL and return
// 0 or an errno value.
#pragma once
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/Confinement.h"

/// Enters what namespaces it can, maps the current user and sets the bits of `report->layers`.
/// Fails only after a namespace was entered that cannot be used.
int ds_enter_namespaces(struct ds_confinement_report *report);

/// Brings the loopback interface of a new network namespace up.
int ds_raise_loopback(void);

/// Opens a listening TCP socket on 127.0.0.1 and a free port: `report->proxy_listener`, `proxy_port`.
int ds_open_proxy_listener(struct ds_confinement_report *report);

/// Sets the resource limits and makes this process the first that the kernel kills for memory.
int ds_set_limits(const struct ds_confinement *policy);

/// Gives up every capability.
int ds_drop_capabilities(void);

/// Closes every descriptor above 2 but the policy's and `extra` (-1 for none).
int ds_close_descriptors(const struct ds_confinement *policy, int extra);

/// The version of Landlock's interface, 0 where it is missing.
int ds_landlock_abi(void);

/// Restricts files, TCP ports and scopes for good. Needs PR_SET_NO_NEW_PRIVS.
int ds_restrict_with_landlock(const struct ds_confinement *policy,
                              struct ds_confinement_report *report);

/// Makes every new thread a request to the supervisor, to which the means of answering are sent.
/// Sets its bit of `report->layers`; a kernel that cannot is no error. Needs PR_SET_NO_NEW_PRIVS.
int ds_supervise_threads(const struct ds_confinement *policy, struct ds_confinement_report *report);

/// The system call filter as a program. `capacity` instructions fit; 600 are enough.
/// Returns the length, or 0 where they did not fit.
size_t ds_build_system_call_filter(const struct ds_confinement *policy,
                                   const struct ds_confinement_report *report,
                                   struct sock_filter *program, size_t capacity);

/// Installs the filter for good. Needs PR_SET_NO_NEW_PRIVS.
int ds_restrict_system_calls(const struct ds_confinement *policy,
                             const struct ds_confinement_report *report);
