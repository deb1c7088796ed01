import CInterpreter
import Glibc

/// What this kernel can enforce for this user, as `dynasaur doctor` tells it.
public struct KernelSupport: Sendable, Hashable {
  /// The version of Landlock's interface; 0 where the kernel has none or has it switched off.
  public var landlockVersion: Int
  /// Whether system calls can be filtered (seccomp).
  public var filtersSystemCalls: Bool
  /// Whether this user may create user namespaces.
  public var hasUserNamespaces: Bool
  /// Whether a session can have a network of its own.
  public var hasNetworkNamespaces: Bool
  /// Whether shared memory can be sealed.
  public var sealsMemory: Bool
  /// Whether processes can be held by descriptors, which are never reused for another process.
  public var hasProcessDescriptors: Bool

  /// Asks the kernel. Takes a few milliseconds: it tries in a child process.
  ///
  /// - Throws: ``RuntimeError`` with code `resourceUnavailable` when no process could be made.
  public static func current() throws -> KernelSupport {
    var support = ds_kernel_support()
    // SAFETY: the structure lives for the call; C keeps nothing.
    let error = ds_confinement_probe(&support)
    guard error == 0 else {
      throw RuntimeError(
        .resourceUnavailable, "No process could be started: \(SystemError.text(error)).")
    }
    return KernelSupport(support)
  }

  private init(_ support: ds_kernel_support) {
    landlockVersion = Int(support.landlock_abi)
    filtersSystemCalls = support.seccomp_filter != 0
    hasUserNamespaces = support.user_namespaces != 0
    hasNetworkNamespaces = support.network_namespaces != 0
    sealsMemory = support.memory_sealing != 0
    hasProcessDescriptors = support.pidfd != 0
  }

  /// Whether sessions with `.process` isolation can be opened without `allowsUnconfined`.
  public var canConfine: Bool { landlockVersion > 0 && filtersSystemCalls && hasProcessDescriptors }

  /// Whether the `network` policy can be enforced.
  public var canBoundNetwork: Bool { canConfine && (hasNetworkNamespaces || landlockVersion >= 4) }

  /// Something that is missing here, what that means, and what to do about it: a sentence each.
  public struct Weakness: Sendable, Hashable {
    public var finding: String
    public var remedy: String
    /// Whether worker sessions, or a policy of theirs, are refused for it.
    public var refuses: Bool
  }

  /// What is missing here; empty where everything can be enforced.
  public var weaknesses: [Weakness] {
    var found: [Weakness] = []
    func add(_ finding: String, _ remedy: String, refuses: Bool = false) {
      found.append(Weakness(finding: finding, remedy: remedy, refuses: refuses))
    }
    if landlockVersion == 0 {
      add(
        "The kernel has no Landlock, or hides it: worker sessions are refused, since files could not "
          + "be protected from them.",
        "Use Linux 5.13 or later with `landlock` in `lsm=` of its command line, and in a container a "
          + "seccomp profile that allows landlock_create_ruleset. Or allow unconfined sessions "
          + "(--allow-unconfined), for code that you trust alone.", refuses: true)
    }
    if !filtersSystemCalls {
      add(
        "The kernel cannot filter system calls: worker sessions are refused.",
        "Use a kernel with CONFIG_SECCOMP_FILTER.", refuses: true)
    }
    if !hasProcessDescriptors {
      add(
        "The kernel has no process descriptors: worker sessions are refused.",
        "Use Linux 5.3 or later, and in a container a seccomp profile that allows pidfd_open.",
        refuses: true)
    }
    if !hasNetworkNamespaces {
      let remedy =
        "Let this user create user namespaces: `sysctl user.max_user_namespaces`, on Debian "
        + "kernel.unprivileged_userns_clone, on Ubuntu "
        + "kernel.apparmor_restrict_unprivileged_userns, in a container its seccomp profile."
      if landlockVersion >= 4 {
        add(
          "This user may not create network namespaces: under the network policy, sessions share "
            + "the host's loopback, where Landlock lets them reach the proxy's port only.", remedy)
      } else {
        add(
          "This user may not create network namespaces and Landlock is too old to bound TCP: the "
            + "network policy is refused.", remedy, refuses: true)
      }
    }
    if (1..<3).contains(landlockVersion) {
      add(
        "Landlock is older than its third version: sessions cannot truncate files by path, which "
          + "the system call filter refuses instead.", "Use Linux 6.2 or later.")
    }
    return found
  }

  /// What can be enforced here.
  public var strengths: [String] {
    var found: [String] = []
    if landlockVersion > 0 { found.append("Landlock \(landlockVersion)") }
    if filtersSystemCalls { found.append("system call filter") }
    if hasUserNamespaces { found.append("user namespaces") }
    if hasNetworkNamespaces { found.append("network namespaces") }
    if sealsMemory { found.append("sealed memory") }
    if hasProcessDescriptors { found.append("process descriptors") }
    return found
  }
}

/// The text of an errno value.
enum SystemError {
  static func text(_ error: Int32) -> String {
    // SAFETY: strerror returns a terminated string that is copied at once.
    strerror(error).map { String(cString: $0) } ?? "error \(error)"
  }
}
