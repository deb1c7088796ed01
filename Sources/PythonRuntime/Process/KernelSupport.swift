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

  /// What is missing here and what that means, one sentence each; empty where everything is in force.
  public var weaknesses: [String] {
    var sentences: [String] = []
    if landlockVersion == 0 {
      sentences.append(
        "The kernel has no Landlock (Linux 5.13 and later, in `lsm=` of its command line): worker "
          + "sessions are refused unless unconfined ones are allowed.")
    }
    if !filtersSystemCalls {
      sentences.append("The kernel cannot filter system calls: worker sessions are refused.")
    }
    if !hasProcessDescriptors {
      sentences.append("The kernel has no process descriptors: worker sessions are refused.")
    }
    if !hasNetworkNamespaces {
      sentences.append(
        landlockVersion >= 4
          ? "This user may not create network namespaces: under the network policy, sessions share "
            + "the host's loopback, where Landlock lets them reach the proxy's port only."
          : "This user may not create network namespaces and Landlock is too old to bound TCP: the "
            + "network policy is refused.")
    }
    if (1..<3).contains(landlockVersion) {
      sentences.append(
        "Landlock is older than its third version: sessions cannot truncate files by path, which "
          + "the system call filter refuses instead.")
    }
    return sentences
  }
}

/// The text of an errno value.
enum SystemError {
  static func text(_ error: Int32) -> String {
    // SAFETY: strerror returns a terminated string that is copied at once.
    strerror(error).map { String(cString: $0) } ?? "error \(error)"
  }
}
