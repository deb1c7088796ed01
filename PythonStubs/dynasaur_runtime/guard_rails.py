"""Guards functions that reach outside of a session and of which Python's audit hooks hear nothing."""

import _posixsubprocess
import _signal
import _thread
import contextlib
import ctypes
import faulthandler
import os
import posix
import signal
import site
import sys
import sysconfig
import threading
import time

import _dynasaur

_PROCESS = "ending or changing the process that the session runs in"
_DESCRIPTORS = "using descriptors that the session did not open"

# (modules, kind, what is forbidden, names). A name that this version of Python lacks is passed over.
_GUARDED = (
    ((os, posix), "refused", _PROCESS, (
        "_exit", "abort", "chroot", "closerange", "initgroups", "login_tty", "mkfifo", "mknod", "nice",
        "sched_setaffinity", "sched_setparam", "sched_setscheduler", "setegid", "seteuid", "setgid",
        "setgroups", "setns", "setpgid", "setpriority", "setregid", "setresgid", "setresuid", "setreuid",
        "setsid", "setuid", "tcsetpgrp", "unshare",
    )),
    ((_posixsubprocess,), "programs", "running programs", ("fork_exec",)),
    ((signal, _signal), "refused", "signals to the process", (
        "alarm", "raise_signal", "set_wakeup_fd", "setitimer", "siginterrupt",
    )),
    ((_thread,), "refused", "signals to the process", ("interrupt_main",)),
    ((faulthandler,), "refused", _PROCESS, (
        "_fatal_error", "_fatal_error_c_thread", "_read_null", "_sigabrt", "_sigfpe", "_sigsegv",
        "_stack_overflow", "dump_traceback_later", "register",
    )),
    ((time,), "refused", "changing the clock", ("clock_settime", "clock_settime_ns")),
    ((sys,), "refused", "settings of the whole process", ("setdlopenflags", "setswitchinterval")),
    ((sys,), "recursion", "", ("setrecursionlimit",)),
    ((ctypes,), "refused here", "using ctypes", ("memmove", "memset")),
    ((os, posix), "reads", _DESCRIPTORS, (
        "close", "lseek", "pread", "preadv", "read", "readv", "set_blocking", "set_inheritable",
    )),
    ((os, posix), "writes", _DESCRIPTORS, (
        "copy_file_range", "posix_fallocate", "pwrite", "pwritev", "sendfile", "splice", "write", "writev",
    )),
    ((os, posix), "replaces", _DESCRIPTORS, ("dup", "dup2")),
    ((os, posix), "opens", "", ("eventfd", "memfd_create", "open", "openpty", "pipe", "pipe2")),
)  # fmt: skip


def install() -> None:
    """Put the guards in their places: for sessions without rails, and the host, nothing changes."""
    # Address space, not memory: deep recursion in a thread ends in an exception rather than a crash.
    if threading.stack_size() == 0:
        threading.stack_size(64 << 20)
    for modules, kind, what, names in _GUARDED:
        for name in names:
            function = getattr(modules[0], name, None)
            if function is None:
                continue
            guarded = _dynasaur.guard(function, kind, f"{what} ({modules[0].__name__}.{name})")
            for module in modules:
                with contextlib.suppress(AttributeError):
                    setattr(module, name, guarded)


def code_folders() -> list[str]:
    """Where Python's library, packages and shared libraries lie, as named and as they really are."""
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += site.getsitepackages()
    if sys.prefix != sys.base_prefix:
        folders.append(sys.prefix)
    folders += ["/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/usr/lib64"]
    return list(dict.fromkeys(path for folder in folders for path in (folder, os.path.realpath(folder))))
