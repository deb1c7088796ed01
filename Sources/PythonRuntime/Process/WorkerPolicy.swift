/// What the code of a worker session may use: files, hosts, variables, and how much.
///
/// The kernel enforces it on the session's process. Nothing of the host's environment reaches a
/// session unless it is named here.
public struct WorkerPolicy: Sendable, Hashable {
  /// Whom a session may talk to.
  public enum Network: Sendable, Hashable {
    /// Nobody.
    case none
    /// Public hosts, through the host's proxy. The session itself has no connection to anything else,
    /// and private, loopback and link-local addresses are refused, whatever name leads to them.
    case publicHosts
    /// These hosts only, through the host's proxy: `example.org` is that name, `*.example.org` all
    /// below it, an address in digits is itself, private or not. A port may follow (`example.org:8080`).
    case hosts([String])
  }

  /// What a person reads of it.
  public var name: String
  /// Whom the session may talk to.
  public var network: Network
  /// Files and folders that may be read, besides Python's own, the virtual environment's and those
  /// that libraries need (certificates, time zones, fonts).
  public var readablePaths: [String]
  /// Files and folders that may be read and written, besides the session's workspace.
  public var writablePaths: [String]
  /// Environment variables of the session, besides those that it needs to run.
  public var environment: [String: String]
  /// Bytes of address space: what Python and its packages allocate, mapped libraries included.
  public var memoryLimit: Int
  /// Bytes in one file.
  public var fileSizeLimit: Int
  /// Bytes in the workspace and the session's temporary folder together, at least 4096 for each file, and of
  /// files that it has deleted and still has open. Folders nested more than 96 times are over any limit but
  /// `Int.max`.
  public var diskLimit: Int
  /// Threads of the session.
  public var threadLimit: Int
  /// Open files and sockets.
  public var descriptorLimit: Int
  /// Seconds of processor time in the session's whole life; nil for no limit.
  public var processorTimeLimit: Int?
  /// Whether data may become code, as just-in-time compilers (numba) need. It opens no other door.
  public var allowsExecutableMemory: Bool
  /// Run even where the kernel cannot protect files or bound connections. Only for a person to say.
  public var allowsUnconfined: Bool

  /// A policy that grants nothing but what is named. The limits are those of ``offline``.
  public init(
    name: String, network: Network = .none, readablePaths: [String] = [],
    writablePaths: [String] = [], environment: [String: String] = [:],
    memoryLimit: Int = 4 << 30, fileSizeLimit: Int = 1 << 30, diskLimit: Int = 2 << 30,
    threadLimit: Int = 128, descriptorLimit: Int = 256, processorTimeLimit: Int? = nil,
    allowsExecutableMemory: Bool = false, allowsUnconfined: Bool = false
  ) {
    self.name = name
    self.network = network
    self.readablePaths = readablePaths
    self.writablePaths = writablePaths
    self.environment = environment
    self.memoryLimit = memoryLimit
    self.fileSizeLimit = fileSizeLimit
    self.diskLimit = diskLimit
    self.threadLimit = threadLimit
    self.descriptorLimit = descriptorLimit
    self.processorTimeLimit = processorTimeLimit
    self.allowsExecutableMemory = allowsExecutableMemory
    self.allowsUnconfined = allowsUnconfined
  }

  /// No network: for work on files in the workspace.
  public static let offline = WorkerPolicy(name: "offline")

  /// Public web sites, through the host's proxy.
  public static let network = WorkerPolicy(name: "network", network: .publicHosts)
}
