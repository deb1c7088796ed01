import Foundation

/// Which actions a search may find.
public struct SearchFilter: Sendable, Hashable {
  /// Where they stand. With several statuses, each status's newest version of a name takes part.
  public var statuses: Set<Action.Status>
  /// The kinds of effects they may have (`read`, `write`, `network`, `process`, `native`, `host`);
  /// an empty set asks for actions without effects, nil for any.
  public var allowedEffects: Set<String>?
  /// The distributions that are installed: actions that need others are left out. Nil asks for none.
  public var installedPackages: Set<String>?

  public init(
    statuses: Set<Action.Status> = [.accepted], allowedEffects: Set<String>? = nil,
    installedPackages: Set<String>? = nil
  ) {
    self.statuses = statuses
    self.allowedEffects = allowedEffects
    self.installedPackages = installedPackages.map { Set($0.map(PackageName.normalised)) }
  }

  /// Whether it asks for nothing but statuses, which every slot of the index has at hand.
  var isPlain: Bool { allowedEffects == nil && installedPackages == nil }

  /// One bit for each status that takes part.
  var statusMask: UInt8 { statuses.reduce(0) { $0 | Self.bit(of: $1.rawValue) } }

  /// The bit of a status in the flags of a slot; 0 for one that this program does not know.
  static func bit(of status: String) -> UInt8 {
    switch Action.Status(rawValue: status) {
    case .candidate: 1
    case .accepted: 2
    case .quarantined: 4
    case .retired: 8
    case nil: 0
    }
  }
}

/// The kinds of an action's effects as bits.
struct EffectMask: OptionSet, Sendable {
  let rawValue: Int

  static let kinds = ["read", "write", "network", "process", "native", "host"]

  init(rawValue: Int) { self.rawValue = rawValue }

  init(_ effects: [Action.Effect]) { self.init(kinds: effects.map(\.kind)) }

  init(kinds: some Sequence<String>) {
    rawValue = kinds.reduce(0) { mask, kind in
      // A kind that this program does not know is no kind that anybody allows.
      mask | 1 << (Self.kinds.firstIndex(of: kind) ?? Self.kinds.count)
    }
  }
}

/// Names of Python distributions.
enum PackageName {
  /// As PEP 503 compares them: lower case, with `-` for every run of `-`, `_` and `.`.
  static func normalised(_ name: String) -> String {
    name.lowercased().split(whereSeparator: { "-_.".contains($0) }).joined(separator: "-")
  }
}
