import PythonRuntime

/// One thing that `dynasaur doctor` looked at.
struct Check {
  enum Status: String {
    case good
    /// Something that not everybody needs is missing.
    case limited
    /// Nothing works without it.
    case broken
  }

  var name: String
  var status: Status
  /// What was found.
  var finding: String
  /// How to mend it; nil when there is nothing to mend.
  var remedy: String?

  static func good(_ name: String, _ finding: String) -> Check {
    Check(name: name, status: .good, finding: finding)
  }

  static func limited(_ name: String, _ finding: String, remedy: String) -> Check {
    Check(name: name, status: .limited, finding: finding, remedy: remedy)
  }

  static func broken(_ name: String, _ finding: String, remedy: String) -> Check {
    Check(name: name, status: .broken, finding: finding, remedy: remedy)
  }

  var json: PythonValue {
    .dictionary([
      .init(key: "name", value: .string(name)),
      .init(key: "status", value: .string(status.rawValue)),
      .init(key: "finding", value: .string(finding)),
      .init(key: "remedy", value: remedy.map { .string($0) } ?? .none),
    ])
  }
}
