#define _GNU_SOURCE
#include "SystemCalls.h"

#include <sys/syscall.h>

// Since 5.1 new calls have one number on all architectures, so those that old headers lack can be
// named here.
enum { CLOSE_RANGE = 436, OPENAT2 = 437, FACCESSAT2 = 439, FUTEX_WAITV = 449, FCHMODAT2 = 452 };
const int ds_newest_known_call = 462;

#define LIST(array) {array, sizeof(array) / sizeof *(array)}

static const int allowed[] = {
    // The hot ones.
    SYS_futex, SYS_read, SYS_write, SYS_close, SYS_lseek, SYS_munmap, SYS_brk, SYS_newfstatat,
    SYS_fstat, SYS_madvise, SYS_mremap, SYS_clock_nanosleep, SYS_clock_gettime, SYS_rt_sigreturn,
    SYS_sched_yield,
    // Files, by path (Landlock decides) and by descriptor.
    SYS_statx, SYS_faccessat, FACCESSAT2, SYS_readlinkat, SYS_getdents64, SYS_getcwd, SYS_chdir,
    SYS_fchdir, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
    SYS_preadv2, SYS_pwritev2, SYS_dup, SYS_dup3, SYS_pipe2, SYS_ftruncate, SYS_fsync,
    SYS_fdatasync, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_linkat,
    SYS_symlinkat, SYS_umask, SYS_sendfile, SYS_copy_file_range, SYS_fallocate, SYS_flock,
    SYS_fadvise64, SYS_statfs, SYS_fstatfs, CLOSE_RANGE,
    // Waiting.
    SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2,
    SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_nanosleep, SYS_wait4,
    SYS_waitid, FUTEX_WAITV,
    // Sockets that exist already: pairs of this process and the channel.
    SYS_recvfrom, SYS_recvmsg, SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname,
    SYS_getpeername,
    // What a process may know of itself and the machine.
    SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_getpgid, SYS_getsid, SYS_uname, SYS_sysinfo,
    SYS_getrusage, SYS_times, SYS_gettimeofday, SYS_clock_getres, SYS_getrandom,
    SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler,
    SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getpriority, SYS_getcpu,
    // Signals of this process, threads, its own memory.
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_setitimer, SYS_getitimer, SYS_set_robust_list,
    SYS_get_robust_list, SYS_set_tid_address, SYS_rseq, SYS_exit, SYS_exit_group,
    SYS_restart_syscall, SYS_membarrier, SYS_mincore, SYS_msync,
#ifdef __x86_64__
    // The older forms that other architectures never had.
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_dup2, SYS_pipe,
    SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_poll, SYS_select,
    SYS_epoll_create, SYS_epoll_wait, SYS_eventfd, SYS_getpgrp, SYS_getrlimit, SYS_time, SYS_alarm,
    SYS_pause,
#endif
};

// bind, listen and accept are harmless: other ports cannot be reached from here, nor this from there.
static const int tcp[] = {SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4};

static const int ineffective[] = {
    SYS_fchmod, SYS_fchmodat, FCHMODAT2, SYS_utimensat,
#ifdef __x86_64__
    SYS_chmod,  SYS_utime,    SYS_utimes, SYS_futimesat,
#endif
};

static const int unsupported[] = {
    SYS_getxattr,  SYS_lgetxattr,  SYS_fgetxattr,  SYS_setxattr,    SYS_lsetxattr,    SYS_fsetxattr,
    SYS_listxattr, SYS_llistxattr, SYS_flistxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
};

static const int missing[] = {SYS_clone3, OPENAT2};

const struct ds_system_calls ds_allowed_calls = LIST(allowed);
const struct ds_system_calls ds_allowed_tcp_calls = LIST(tcp);
const struct ds_system_calls ds_ineffective_calls = LIST(ineffective);
const struct ds_system_calls ds_unsupported_calls = LIST(unsupported);
const struct ds_system_calls ds_missing_calls = LIST(missing);
