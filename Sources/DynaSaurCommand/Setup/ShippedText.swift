import PythonStubs

/// Texts that ship in the binary besides Python.
enum ShippedText {
  /// The packages that sessions import, in exact versions: the project's `requirements.txt`.
  static let requirements = text("requirements.txt")
  /// What scorers import, apart from them.
  static let scoringRequirements = text("requirements-scoring.txt")

  private static func text(_ name: String) -> String {
    // SAFETY: the table is static, ends with an entry without a name, and holds C strings.
    var entry = dynasaur_stubs()
    while let found = entry.pointee.name {
      if String(cString: found) == name { return String(cString: entry.pointee.source) }
      entry += 1
    }
    preconditionFailure("\(name) is not embedded")
  }
}
