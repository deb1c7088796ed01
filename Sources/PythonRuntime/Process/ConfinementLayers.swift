import CInterpreter

/// What is in force on a session's process.
public struct ConfinementLayers: OptionSet, Sendable, Hashable, CustomStringConvertible {
  /// The kernel layers as bits.
  public let rawValue: UInt32
  /// The layers of these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  private init(_ layer: ds_confinement_layer) { rawValue = layer.rawValue }

  /// Resource limits.
  public static let limits = ConfinementLayers(DS_LAYER_LIMITS)
  /// User and group numbers that mean nothing outside.
  public static let userNamespace = ConfinementLayers(DS_LAYER_USER_NAMESPACE)
  /// A network of its own, with nothing in it.
  public static let networkNamespace = ConfinementLayers(DS_LAYER_NETWORK_NAMESPACE)
  /// System V and POSIX message queues, semaphores and memory of its own.
  public static let ipcNamespace = ConfinementLayers(DS_LAYER_IPC_NAMESPACE)
  /// A host name of its own.
  public static let utsNamespace = ConfinementLayers(DS_LAYER_UTS_NAMESPACE)
  /// No capabilities, also for root.
  public static let capabilitiesDropped = ConfinementLayers(DS_LAYER_CAPABILITIES_DROPPED)
  /// Landlock's rules on files.
  public static let files = ConfinementLayers(DS_LAYER_FILES)
  /// Landlock's rules on TCP ports.
  public static let tcp = ConfinementLayers(DS_LAYER_TCP)
  /// Landlock's scopes: signals and abstract sockets stay inside.
  public static let scopes = ConfinementLayers(DS_LAYER_SCOPES)
  /// No descriptor of the host.
  public static let descriptors = ConfinementLayers(DS_LAYER_DESCRIPTORS)
  /// The system call filter.
  public static let systemCalls = ConfinementLayers(DS_LAYER_SYSTEM_CALLS)
  /// A bound on threads.
  public static let threads = ConfinementLayers(DS_LAYER_THREADS)

  private static let names: [(ConfinementLayers, String)] = [
    (.limits, "limits"), (.userNamespace, "user namespace"),
    (.networkNamespace, "network namespace"), (.ipcNamespace, "ipc namespace"),
    (.utsNamespace, "uts namespace"), (.capabilitiesDropped, "no capabilities"),
    (.files, "file rules"), (.tcp, "tcp rules"), (.scopes, "scopes"),
    (.descriptors, "no foreign descriptors"), (.systemCalls, "system call filter"),
    (.threads, "thread limit"),
  ]

  /// The names of the layers, for a person.
  public var description: String {
    Self.names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
  }
}
