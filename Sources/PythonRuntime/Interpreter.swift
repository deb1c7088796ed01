import CInterpreter
import Foundation

/// The CPython of this process: started once, by ``start(_:)`` or by the first in-process session,
/// which uses the virtual environment that the environment variable `DYNASAUR_VENV` names, if any.
public enum Interpreter {
  /// How to start Python.
  public struct Configuration: Sendable, Hashable {
    /// The folder of a virtual environment whose packages sessions may import; nil for none. It may
    /// have been made by another Python of the same version: libpython's own standard library is used
    /// in any case.
    public var virtualEnvironment: String?

    /// The prefix of libpython's installation, such as `/usr`; nil to derive it from where libpython
    /// was loaded from.
    public var home: String?

    /// A configuration; without arguments Python as it is installed.
    public init(virtualEnvironment: String? = nil, home: String? = nil) {
      self.virtualEnvironment = virtualEnvironment
      self.home = home
    }
  }

  private static let started = Lock<Configuration?>(nil)

  /// Starts Python unless it runs already. Call it before the first session to choose a configuration.
  ///
  /// - Throws: ``RuntimeError`` with code `interpreterUnavailable`: the environment does not exist,
  ///   belongs to another version of Python, or Python runs already with another configuration.
  public static func start(_ configuration: Configuration = Configuration()) throws {
    try started.withLock { current in
      if let current {
        guard current == configuration else {
          throw RuntimeError(
            .interpreterUnavailable,
            "Python runs already with another configuration. Call Interpreter.start once, before the "
              + "first session.")
        }
        return
      }
      try startProcess(configuration)
      current = configuration
    }
  }

  /// Starts Python if nobody has: with the virtual environment that `DYNASAUR_VENV` names, if any.
  static func startIfNeeded() throws {
    try started.withLock { current in
      guard current == nil else { return }
      let folder = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
      let configuration = Configuration(virtualEnvironment: folder?.isEmpty == false ? folder : nil)
      try startProcess(configuration)
      current = configuration
    }
  }

  /// The version of libpython, as in "3.11.2". Needs no started interpreter.
  public static var version: String {
    // SAFETY: static storage.
    String(cString: ds_python_version())
  }

  /// The prefix of the installation that libpython belongs to; nil when its standard library is not
  /// beside it. Needs no started interpreter.
  public static var derivedHome: String? {
    var path = [CChar](repeating: 0, count: 4096)
    // SAFETY: the buffer has the capacity that is passed.
    guard ds_derive_home(&path, path.count) == 0 else { return nil }
    return String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func startProcess(_ configuration: Configuration) throws {
    let executable = try configuration.virtualEnvironment.map(executable(inEnvironment:))
    var message = [CChar](repeating: 0, count: 1024)
    // SAFETY: the strings and the buffer live for the call; C keeps none of them.
    let result = withOptionalCString(executable) { executable in
      withOptionalCString(configuration.home) { home in
        var settings = ds_configuration()
        settings.executable = executable
        settings.home = home
        return ds_start(&settings, &message, message.count)
      }
    }
    guard result == 0 else {
      let reason = String(
        decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw RuntimeError(.interpreterUnavailable, "Python \(version) could not start: \(reason).")
    }
  }

  /// The interpreter of a virtual environment, after checking that this libpython can use it.
  static func executable(inEnvironment folder: String) throws -> String {
    let environment = URL(fileURLWithPath: folder, isDirectory: true)
    let settings = environment.appending(path: "pyvenv.cfg")
    let executable = environment.appending(path: "bin/python")
    guard let text = try? String(contentsOf: settings, encoding: .utf8) else {
      throw RuntimeError(
        .interpreterUnavailable,
        "There is no Python environment at \(folder). Make one with `python3 -m venv \(folder)`.")
    }
    let wanted = version.split(separator: ".").prefix(2).joined(separator: ".")
    let packages = environment.appending(path: "lib/python\(wanted)/site-packages")
    guard FileManager.default.fileExists(atPath: packages.path) else {
      let made =
        text.split(separator: "\n").first { $0.hasPrefix("version") }.map { " (\($0))" } ?? ""
      throw RuntimeError(
        .interpreterUnavailable,
        "The environment at \(folder) was made by another version of Python\(made) than libpython's "
          + "\(wanted). Make it again with python\(wanted) -m venv.")
    }
    return executable.path
  }
}

/// `body` with a C string, or with nil.
func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
  // SAFETY: the pointer is valid for the call of `body`, as with withCString.
  if let text { text.withCString(body) } else { body(nil) }
}
