// `probe attempts`: system calls of a confined process, straight from C: what Python would have to
// be tricked into. Each line is "name: OK" or "name: ERRNO".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "CConfinementProbe.h"
#include "CInterpreter.h"

static struct {
  char outside[600], canary[600], socket_path[600], abstract_name[64];
  unsigned tcp, udp, proxy;
  pid_t host, victim;
  int host_descriptor;
} world;

// A result as 0 or errno; descriptors that were opened are closed.
static int result(long value) { return value < 0 ? errno : 0; }
static int opened(long descriptor) {
  if (descriptor < 0) return errno;
  close((int)descriptor);
  return 0;
}
static int mapped(void *memory) { return memory == MAP_FAILED ? errno : 0; }

// ---- Files -----------------------------------------------------------------------------------

static int write_inside(void) { return opened(open("a.txt", O_CREAT | O_RDWR, 0600)); }
static int read_library(void) { return opened(open("/usr/lib/os-release", O_RDONLY)); }
static int write_library(void) { return opened(open("/usr/lib/canary", O_CREAT | O_RDWR, 0600)); }
static int read_outside(void) { return opened(open(world.canary, O_RDONLY)); }
static int write_outside(void) { return opened(open(world.canary, O_WRONLY)); }
static int create_outside(void) {
  return opened(openat(AT_FDCWD, "../created", O_CREAT | O_WRONLY, 0600));
}
static int read_passwords(void) { return opened(open("/etc/passwd", O_RDONLY)); }
static int read_own_memory(void) { return opened(open("/proc/self/mem", O_RDWR)); }
static int read_host_environment(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/environ", (int)world.host);
  return opened(open(path, O_RDONLY));
}
static int truncate_outside(void) { return result(truncate(world.canary, 0)); }
static int truncate_by_reading(void) { return opened(open(world.canary, O_RDONLY | O_TRUNC)); }
static int unlink_outside(void) { return result(unlink(world.canary)); }
static int rename_outside(void) { return result(rename(world.canary, "stolen")); }
static int link_outside(void) { return result(link(world.canary, "linked")); }
static int move_out(void) {
  write_inside();
  return result(rename("a.txt", "../moved"));
}
static int read_through_symlink(void) {
  unlink("symlink");
  if (symlink(world.canary, "symlink") != 0) return errno;
  return opened(open("symlink", O_RDONLY));
}
static int read_through_descriptor(void) {
  int directory = open(".", O_PATH | O_DIRECTORY);
  int error = opened(openat(directory, "../canary.txt", O_RDONLY));
  close(directory);
  return error;
}
static int make_fifo(void) { return result(mkfifo("fifo", 0600)); }
static int make_device(void) { return result(mknod("device", S_IFCHR | 0600, makedev(1, 1))); }
static int own_outside(void) { return result(chown(world.canary, 1, 1)); }
static int mode_outside(void) { return result(chmod(world.canary, 0)); }  // Without effect.
static int attribute(void) { return result(setxattr("a.txt", "user.x", "y", 1, 0)); }
static int mount_here(void) { return result(syscall(SYS_mount, "none", ".", "tmpfs", 0, 0)); }
static int change_root(void) { return result(chroot(".")); }
static int execute_program(void) {
  char *const arguments[] = {"/bin/true", NULL};
  return result(execve("/bin/true", arguments, NULL));
}
static int open_by_structure(void) {
  uint64_t how[3] = {O_RDONLY, 0, 0};
  return opened(syscall(437, AT_FDCWD, "a.txt", how, sizeof how));
}

// ---- Descriptors -----------------------------------------------------------------------------

static int read_host_descriptor(void) {
  char byte;
  return result(read(world.host_descriptor, &byte, 1));
}
static int many_descriptors(void) {
  int last = 0, count = 0;
  while (count < 200 && (last = dup(1)) >= 0) count++;
  int error = last < 0 ? errno : 0;
  for (int i = 3; i < 300; i++) close(i);
  return error;
}
static int type_into_terminal(void) { return result(ioctl(1, TIOCSTI, "x")); }
static int own_signals(void) { return result(fcntl(0, F_SETOWN, world.host)); }
static int notify_directory(void) {
  int directory = open(".", O_RDONLY | O_DIRECTORY);
  int error = result(fcntl(directory, F_NOTIFY, 1));
  close(directory);
  return error;
}

// ---- Processes and signals -------------------------------------------------------------------

static int fork_process(void) {
  pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return result(child);
}
static int clone_by_structure(void) {
  char arguments[88] = {0};
  return result(syscall(435, arguments, sizeof arguments));
}
static void *nothing(void *argument) { return argument; }
static int start_thread(void) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, nothing, NULL);
  if (!error) pthread_join(thread, NULL);
  return error;
}
static int signal_self(void) { return result(kill(getpid(), 0)); }
static int signal_host(void) { return result(kill(world.host, 0)); }
static int signal_all(void) { return result(kill(-1, 0)); }
static int signal_thread_of_host(void) {
  return result(syscall(SYS_tgkill, world.host, world.host, 0));
}
static int signal_by_thread(void) { return result(syscall(SYS_tkill, world.victim, 0)); }
static int open_process(void) { return opened(syscall(434, world.host, 0)); }
static int trace(void) { return result(ptrace(PTRACE_ATTACH, world.victim, 0, 0)); }
static int read_memory(void) {
  char byte;
  struct iovec local = {&byte, 1}, remote = {&world, 1};
  return result(process_vm_readv(world.host, &local, 1, &remote, 1, 0));
}
static int raise_limit(void) {
  struct rlimit limit = {4096, 4096};
  return result(prlimit(0, RLIMIT_NOFILE, &limit, NULL));
}
static int limit_host(void) {
  struct rlimit limit = {1, 1};
  return result(prlimit(world.host, RLIMIT_NOFILE, &limit, NULL));
}
static int unlock_tracing(void) { return result(prctl(PR_SET_DUMPABLE, 1)); }
static int new_namespace(void) { return result(unshare(CLONE_NEWUSER)); }
static int become_root(void) { return result(setuid(0)); }
static int new_terminal_session(void) { return result(setsid()); }
static int pin_processor(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  return result(sched_setaffinity(0, sizeof set, &set));
}
static int host_name(void) { return result(sethostname("x", 1)); }

// ---- Memory ----------------------------------------------------------------------------------

static int much_memory(void) {
  return mapped(mmap(NULL, 2ull << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int executable_memory(void) {
  return mapped(
      mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
static int make_executable(void) {
  void *memory = mmap(NULL, 4096, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return result(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}
static int memory_file(void) { return opened(syscall(SYS_memfd_create, "x", 0)); }
static int shared_segment(void) { return result(syscall(SYS_shmget, 0, 4096, 01600)); }
static int lock_memory(void) { return result(mlockall(MCL_FUTURE)); }

// ---- Network ---------------------------------------------------------------------------------

static int connect_to(unsigned port) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (s < 0) return errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = result(connect(s, (struct sockaddr *)&address, sizeof address));
  close(s);
  return error;
}
static int tcp_to_host(void) { return connect_to(world.tcp); }
static int tcp_to_proxy(void) { return connect_to(world.proxy); }
static int socket_of(int family, int type, int protocol) {
  return opened(socket(family, type, protocol));
}
static int udp_socket(void) { return socket_of(AF_INET, SOCK_DGRAM, 0); }
static int raw_socket(void) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int sctp_socket(void) { return socket_of(AF_INET, SOCK_STREAM, 132); }
static int multipath_socket(void) { return socket_of(AF_INET, SOCK_STREAM, 262); }
static int netlink_socket(void) { return socket_of(AF_NETLINK, SOCK_RAW, 0); }
static int packet_socket(void) { return socket_of(AF_PACKET, SOCK_RAW, 0); }
static int vsock_socket(void) { return socket_of(AF_VSOCK, SOCK_STREAM, 0); }
static int unix_stream(void) { return socket_of(AF_UNIX, SOCK_STREAM, 0); }
static int pair_of(int type) {
  int pair[2];
  if (socketpair(AF_UNIX, type, 0, pair) != 0) return errno;
  close(pair[0]);
  close(pair[1]);
  return 0;
}
static int stream_pair(void) { return pair_of(SOCK_STREAM); }
static int datagram_pair(void) { return pair_of(SOCK_DGRAM); }
static int fast_open(void) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (s < 0) return errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)world.tcp)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = result(sendto(s, "x", 1, 0x20000000, (struct sockaddr *)&address, sizeof address));
  close(s);
  return error;
}

// ---- The kernel ------------------------------------------------------------------------------

static int call(long number) { return result(syscall(number, 0, 0, 0, 0, 0, 0)); }
static int ring(void) {
  char parameters[256] = {0};
  return opened(syscall(425, 4, parameters));
}
static int program_kernel(void) { return call(SYS_bpf); }
static int measure(void) { return call(SYS_perf_event_open); }
static int keys(void) { return call(SYS_keyctl); }
static int handle_faults(void) { return call(SYS_userfaultfd); }
static int reboot_machine(void) { return call(SYS_reboot); }
static int splice_pipes(void) { return call(SYS_splice); }
static int flush_disks(void) { return call(SYS_syncfs); }
static int landlock_again(void) { return call(444); }
static int filter_again(void) { return call(SYS_seccomp); }
static int call_of_the_future(void) { return call(1000); }
static int call_of_x32(void) { return call(0x40000000 + 39); }

// ---- Table -----------------------------------------------------------------------------------

#define ROW(function) {#function, function}
static const struct {
  const char *name;
  int (*attempt)(void);
} rows[] = {
    ROW(write_inside), ROW(read_library), ROW(write_library), ROW(read_outside),
    ROW(write_outside), ROW(create_outside), ROW(read_passwords), ROW(read_own_memory),
    ROW(read_host_environment), ROW(truncate_outside), ROW(truncate_by_reading),
    ROW(unlink_outside), ROW(rename_outside), ROW(link_outside), ROW(move_out),
    ROW(read_through_symlink), ROW(read_through_descriptor), ROW(make_fifo), ROW(make_device),
    ROW(own_outside), ROW(mode_outside), ROW(attribute), ROW(mount_here), ROW(change_root),
    ROW(execute_program), ROW(open_by_structure),
    ROW(read_host_descriptor), ROW(type_into_terminal), ROW(own_signals),
    ROW(notify_directory),
    ROW(fork_process), ROW(clone_by_structure), ROW(start_thread), ROW(signal_self),
    ROW(signal_host), ROW(signal_all), ROW(signal_thread_of_host), ROW(signal_by_thread),
    ROW(open_process), ROW(trace), ROW(read_memory), ROW(raise_limit), ROW(limit_host),
    ROW(unlock_tracing), ROW(new_namespace), ROW(become_root), ROW(new_terminal_session),
    ROW(pin_processor), ROW(host_name),
    ROW(much_memory), ROW(executable_memory), ROW(make_executable), ROW(memory_file),
    ROW(shared_segment), ROW(lock_memory),
    ROW(tcp_to_host), ROW(tcp_to_proxy), ROW(udp_socket), ROW(raw_socket), ROW(sctp_socket),
    ROW(multipath_socket), ROW(netlink_socket), ROW(packet_socket), ROW(vsock_socket),
    ROW(unix_stream), ROW(stream_pair), ROW(datagram_pair), ROW(fast_open),
    ROW(ring), ROW(program_kernel), ROW(measure), ROW(keys), ROW(handle_faults),
    ROW(reboot_machine), ROW(splice_pipes), ROW(flush_disks), ROW(landlock_again),
    ROW(filter_again), ROW(call_of_the_future), ROW(call_of_x32), ROW(many_descriptors),
};

static const char *const readable[] = {"/usr/lib", "/lib", "/lib64"};

static void attempt_all(const struct circumstances *circumstances, const char *workspace) {
  const char *writable[] = {workspace, "/dev/null"};
  struct ds_confinement policy = {
      .readable_paths = readable,
      .readable_count = sizeof readable / sizeof *readable,
      .writable_paths = writable,
      .writable_count = 2,
      .working_directory = workspace,
      .memory_limit = 1 << 30,
      .file_size_limit = 1 << 20,
      .descriptor_limit = 64,
      .options = DS_CONFINE_NAMESPACES | (circumstances->network ? DS_CONFINE_PROXY : 0) |
                 (circumstances->allow_unconfined ? DS_CONFINE_ALLOW_UNCONFINED : 0),
      .parent = getppid(),
  };
  struct ds_confinement_report report;
  signal(SIGSYS, SIG_DFL);
  int status = ds_confine(&policy, &report);
  printf("status: %d\n", status);
  if (status != DS_CONFINED) {
    printf("step: %s\n", report.failed_step ? report.failed_step : "");
    return;
  }
  printf("layers: %u\n", report.layers);
  world.proxy = report.proxy_port;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int error = rows[i].attempt();
    printf("%s: %s\n", rows[i].name, error ? strerrorname_np(error) : "OK");
  }
}

void remove_tree(const char *path) {
  char command[700];
  snprintf(command, sizeof command, "rm -rf -- '%s'", path);
  if (system(command) != 0) fprintf(stderr, "probe: %s was not removed\n", path);
}

int run_attempts(const struct circumstances *circumstances) {
  enter_circumstances(circumstances);
  char directory[] = "/tmp/dynasaur-probe-XXXXXX", workspace[600];
  if (!mkdtemp(directory)) give_up("making a directory");
  chmod(directory, 0777);
  snprintf(workspace, sizeof workspace, "%s/workspace", directory);
  mkdir(workspace, 0777);
  struct canary *canary = canary_create(directory);
  char *environment[16];
  size_t count = canary_environment(canary, environment, 16);
  for (size_t i = 0; i < count; i++) putenv(environment[i]);
  snprintf(world.canary, sizeof world.canary, "%s", getenv("CANARY"));
  world.tcp = (unsigned)atoi(getenv("CANARY_TCP"));
  world.udp = (unsigned)atoi(getenv("CANARY_UDP"));
  world.victim = atoi(getenv("CANARY_PROCESS"));
  world.host = getpid();
  world.host_descriptor = 3;  // The canary's file was opened first.
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    attempt_all(circumstances, workspace);
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  canary_check(canary, "");
  printf("exit: %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
  remove_tree(directory);
  return 0;
}
