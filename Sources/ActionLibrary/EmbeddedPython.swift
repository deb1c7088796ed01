import PythonStubs

/// The Python that ships in the binary.
enum EmbeddedPython {
  /// The modules of a package with their sources, by dotted name.
  static func sources(of package: String) -> [String: String] {
    var found: [String: String] = [:]
    // SAFETY: the table is static, ends with an entry without a name, and holds C strings.
    var entry = dynasaur_stubs()
    while let name = entry.pointee.name {
      var path = String(cString: name)
      if path.hasPrefix(package + "/"), path.hasSuffix(".py") {
        path = String(path.dropLast(3)).replacing("/", with: ".")
        if path.hasSuffix(".__init__") { path = String(path.dropLast(9)) }
        found[path] = String(cString: entry.pointee.source)
      }
      entry += 1
    }
    return found
  }
}
