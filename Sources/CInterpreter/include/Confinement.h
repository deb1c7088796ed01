// Kernel confinement of a worker process: what a process that runs untrusted code gives up for good.
// Linux only; everything Linux-specific of the runtime lies behind this header. No function here
// uses Python.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What ds_confine does besides the defaults.
enum ds_confinement_option {
  /// Enter new user, network, IPC and UTS namespaces where the kernel lets us. Their absence is not
  /// an error; the report says which were entered.
  DS_CONFINE_NAMESPACES = 1 << 0,
  /// Go on where the kernel cannot enforce file or network rules. Only for a person who asked for it.
  DS_CONFINE_ALLOW_UNCONFINED = 1 << 1,
  /// Allow TCP, and only to a listening socket on loopback that ds_confine makes and reports: the
  /// host accepts on it and decides which names and addresses may be reached.
  DS_CONFINE_PROXY = 1 << 2,
  /// Allow writable memory to become executable (just-in-time compilers). It opens no other door:
  /// code that can write a file into its workspace can map that file as executable anyway.
  DS_CONFINE_EXECUTABLE_MEMORY = 1 << 3,
};

/// The policy of one worker. Paths are absolute. Zero in a limit means: as inherited.
struct ds_confinement {
  /// Files and directories (with all below) that may be read. A path that does not exist is skipped.
  const char *_Nullable const *_Nullable readable_paths;
  size_t readable_count;
  /// Files and directories (with all below) that may be read, created, changed and deleted.
  /// A path that does not exist is an error.
  const char *_Nullable const *_Nullable writable_paths;
  size_t writable_count;
  /// Entered before the process is closed in; NULL keeps the current one.
  const char *_Nullable working_directory;
  /// Descriptors that stay open, in ascending order, besides 0, 1 and 2.
  const int *_Nullable kept_descriptors;
  size_t kept_count;
  uint64_t memory_limit;      ///< Address space in bytes (RLIMIT_AS).
  uint64_t file_size_limit;   ///< Bytes of one file (RLIMIT_FSIZE).
  uint64_t descriptor_limit;  ///< Open descriptors (RLIMIT_NOFILE).
  uint64_t cpu_limit;         ///< Seconds of processor time of the whole session (RLIMIT_CPU).
  uint32_t options;           ///< Of ds_confinement_option.
  /// The process ends with this parent (a process number); 0 for no such bond.
  int parent;
  /// A socket to the process that bounds the number of threads, or 0: see ds_supervision_answer.
  /// RLIMIT_NPROC cannot do it: it counts all processes of a user, and none of root's.
  int supervisor;
};

/// Layers that are in force, as bits of ds_confinement_report.layers.
enum ds_confinement_layer {
  DS_LAYER_LIMITS = 1 << 0,
  DS_LAYER_USER_NAMESPACE = 1 << 1,
  DS_LAYER_NETWORK_NAMESPACE = 1 << 2,
  DS_LAYER_IPC_NAMESPACE = 1 << 3,
  DS_LAYER_UTS_NAMESPACE = 1 << 4,
  DS_LAYER_CAPABILITIES_DROPPED = 1 << 5,
  DS_LAYER_FILES = 1 << 6,    ///< Landlock file rules.
  DS_LAYER_TCP = 1 << 7,      ///< Landlock TCP rules.
  DS_LAYER_SCOPES = 1 << 8,   ///< Landlock scopes: signals and abstract sockets.
  DS_LAYER_DESCRIPTORS = 1 << 9,
  DS_LAYER_SYSTEM_CALLS = 1 << 10,  ///< seccomp.
  DS_LAYER_THREADS = 1 << 11,       ///< Each new thread is asked for.
};

/// How ds_confine ended.
enum ds_confinement_status {
  DS_CONFINED = 0,
  /// The kernel has no Landlock (built without it, switched off, or hidden by a filter of a parent).
  DS_CONFINEMENT_NO_LANDLOCK = 1,
  /// TCP was asked for, and neither a network namespace nor Landlock's TCP rules can bound it.
  DS_CONFINEMENT_NO_TCP_RULES = 2,
  /// A step failed: see the report's failed_step and error_number.
  DS_CONFINEMENT_FAILED = 3,
};

struct ds_confinement_report {
  uint32_t layers;    ///< Of ds_confinement_layer.
  int landlock_abi;   ///< 0 where Landlock is missing.
  int proxy_listener; ///< Descriptor of the listening socket, or -1. The caller sends it to the host and closes it.
  uint16_t proxy_port;
  int error_number;   ///< errno of the step that failed.
  const char *_Nullable failed_step;  ///< Static text, or NULL.
};

/// Confines the calling process, for good and for everything it does later.
/// Thread requirements: a forked child with a single thread that the caller owns; the GIL is not
/// needed. Returns a ds_confinement_status and fills `report` in every case; after any status but
/// DS_CONFINED the process is confined in part and must end. The report owns nothing but the
/// listening socket. The first steps need allocation to be allowed (malloc is used).
///
/// Calls that the filter denies fail with EPERM, except: clone3 and calls newer than this table with
/// ENOSYS (libc falls back), and chmod and utimes, which succeed without effect: Landlock does not
/// cover them, and shutil.copy and its like would fail.
int ds_confine(const struct ds_confinement *_Nonnull policy,
               struct ds_confinement_report *_Nonnull report);

/// The supervisor's side of `ds_confinement.supervisor`, which receives one message with one
/// descriptor, the listener; it is readable when the confined process wants a thread, and hangs up
/// when the process ended. Answers one request: yes while the process has fewer threads than `limit`
/// (threads that start at the same moment may exceed it, at most twofold), else EAGAIN, as the kernel
/// does at its own limits. `status` is a descriptor of the process's /proc/PID/stat, opened before it
/// was confined. Any thread, no GIL; does not block after the listener was readable. Returns 0, or an
/// errno value where the request was withdrawn, which is no failure, or the listener is unusable.
int ds_supervision_answer(int listener, int status, unsigned limit);

/// What this kernel can enforce for this user.
struct ds_kernel_support {
  int landlock_abi;     ///< 0 where Landlock is missing.
  int seccomp_filter;   ///< 1 if a filter can be installed.
  int user_namespaces;  ///< 1 if this user can create and map one.
  int network_namespaces;
  int memory_sealing;   ///< memfd_create with seals.
  int pidfd;
  int close_range;
};

/// Asks the kernel, by trying in a forked child that exits at once.
/// Thread requirements: any thread, no GIL; the child uses only system calls, so other threads may
/// run. Returns 0, or an errno value where no child could be made (`support` is then zero but for
/// what needs none). Frees nothing, keeps nothing.
int ds_confinement_probe(struct ds_kernel_support *_Nonnull support);

#ifdef __cplusplus
}
#endif
