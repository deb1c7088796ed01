/// Something in code that a person may want to be asked about before it runs.
///
/// The rule looks at the names in the code, not at what they mean there: it asks rather once too
/// often. It is a convenience for people who watch; the boundary is the session's process.
///
/// | kind | names |
/// |---|---|
/// | `deletion` | `os.remove`, `unlink`, `rmdir`, `rmtree`, `os.rename`, `os.replace`, `shutil.move`, `truncate`; `rename` and `replace` where `pathlib` is used |
/// | `network` | modules that reach other machines: `socket`, `requests`, `urllib.request`, `httpx`, … |
/// | `program` | `subprocess`, `os.system`, `os.popen`, `os.exec…`, `os.spawn…`, `os.fork`, `os.kill`, `multiprocessing`, lines that begin with `!` |
/// | `installation` | `install_package`, `pip`, `%pip`, `!pip` |
/// | `hiddenCode` | what runs code that cannot be read here: `eval`, `exec`, `compile`, `__import__`, `importlib`, `ctypes`, `pickle`, `marshal`, `sys.modules`, `__subclasses__`, `getattr` of a module |
/// | `action` | an action of the library whose admission saw it write files, reach the network or start programs |
///
/// Modules keep their kind under another name (`import socket as s`), in later steps too, and so
/// does a function whose definition had a risk.
public struct CodeRisk: Sendable, Hashable, Codable {
  /// What may happen.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// Files are deleted, moved or cut off.
    case deletion
    /// Other machines are reached.
    case network
    /// A program is started, or a process is ended.
    case program
    /// A package is installed.
    case installation
    /// Code runs that this rule cannot see.
    case hiddenCode
    /// An action of the library is called that has outside effects.
    case action
  }

  /// What may happen.
  public var kind: Kind
  /// The line of the code, from 1.
  public var line: Int
  /// The name that says so, as it stands in the code.
  public var name: String

  /// In words: "line 3: shutil.rmtree (deletes or moves files)".
  public var description: String {
    let what =
      switch kind {
      case .deletion: "deletes or moves files"
      case .network: "reaches the network"
      case .program: "starts a program or ends a process"
      case .installation: "installs a package"
      case .hiddenCode: "runs code that cannot be checked here"
      case .action: "an action with effects outside the session"
      }
    return "line \(line): \(name) (\(what))"
  }
}

/// Finds what is risky in the steps of one run.
struct RiskFinder {
  /// Names that earlier code gave to what is risky.
  private var aliases: [String: CodeRisk.Kind] = [:]

  /// What is risky in a step's code, each name once.
  mutating func risks(in code: String) -> [CodeRisk] {
    let names = PythonNames(code)
    let usesPaths = names.identifiers.contains { $0 == "pathlib" || $0 == "Path" }
    var found: [CodeRisk] = []
    func note(_ kind: CodeRisk.Kind, _ name: String, _ line: Int) {
      if !found.contains(where: { $0.kind == kind && $0.name == name }) {
        found.append(CodeRisk(kind: kind, line: line, name: name))
      }
    }
    for line in names.shellLines {
      let isInstallation = line.text.contains("pip")
      note(isInstallation ? .installation : .program, line.text, line.number)
    }
    for imported in names.imports {
      guard let kind = Self.kind(ofImport: imported) else { continue }
      aliases[imported.alias] = kind
      note(kind, imported.path, imported.line)
    }
    for path in names.paths {
      if let kind = kind(of: path, usesPaths: usesPaths) { note(kind, path.text, path.line) }
    }
    if let kind = found.first?.kind {
      for function in names.functions { aliases[function] = kind }
    }
    return found
  }

  private func kind(of path: PythonNames.Path, usesPaths: Bool) -> CodeRisk.Kind? {
    guard let first = path.names.first, let last = path.names.last else { return nil }
    let isMethod = path.names.count > 1 || path.followsValue
    if !path.followsValue {
      if let kind = aliases[first], !path.isDefinition { return kind }
      if path.names.count > 1, let kind = Self.modules[first], !Self.isHarmless(path.text) {
        return kind
      }
      if path.names.count == 1, let kind = Self.functions[first] { return kind }
      if let kind = Self.qualified[path.text] { return kind }
      if first == "os", path.names.count > 1, Self.startsPrograms(last) { return .program }
      if first == "getattr", let argument = path.firstArgument,
        aliases[argument] != nil || Self.modules[argument] != nil
          || ["os", "shutil", "sys", "builtins"].contains(argument)
      {
        return .hiddenCode
      }
    }
    if isMethod, let kind = Self.methods[last] { return kind }
    if usesPaths, isMethod, ["rename", "replace"].contains(last) { return .deletion }
    return nil
  }

  private static func kind(ofImport imported: PythonNames.Import) -> CodeRisk.Kind? {
    if isHarmless(imported.path) { return nil }
    if let kind = qualified[imported.path] { return kind }
    let parts = imported.path.split(separator: ".").map(String.init)
    guard let first = parts.first else { return nil }
    if let kind = modules[first] { return kind }
    if first == "os", let last = parts.last, startsPrograms(last) { return .program }
    return parts.count > 1 ? parts.last.flatMap { methods[$0] } : nil
  }

  private static func isHarmless(_ path: String) -> Bool {
    ["urllib.parse", "urllib.error", "http.HTTPStatus"].contains { path.hasPrefix($0) }
  }

  private static func startsPrograms(_ name: String) -> Bool {
    ["exec", "spawn", "posix_spawn", "fork"].contains { name.hasPrefix($0) }
  }

  private static let modules: [String: CodeRisk.Kind] = {
    let kinds: [(CodeRisk.Kind, String)] = [
      (
        .network,
        "aiohttp asyncssh boto3 curl_cffi ftplib http httpx imaplib nntplib paramiko playwright poplib "
          + "pycurl requests selenium smtplib socket socketserver ssl telnetlib urllib urllib3 "
          + "webbrowser websocket websockets xmlrpc yt_dlp"
      ),
      (.program, "multiprocessing pexpect pty sh subprocess"),
      (.installation, "ensurepip pip"),
      (
        .hiddenCode,
        "_ctypes cffi cloudpickle code ctypes dill importlib joblib marshal pickle runpy shelve"
      ),
    ]
    return Dictionary(
      uniqueKeysWithValues: kinds.flatMap { kind, names in
        names.split(separator: " ").map { (String($0), kind) }
      })
  }()

  private static let functions: [String: CodeRisk.Kind] = [
    "eval": .hiddenCode, "exec": .hiddenCode, "compile": .hiddenCode, "__import__": .hiddenCode,
    "__builtins__": .hiddenCode, "__loader__": .hiddenCode, "install_package": .installation,
  ]

  private static let qualified: [String: CodeRisk.Kind] = [
    "os.remove": .deletion, "os.rename": .deletion, "os.renames": .deletion,
    "os.replace": .deletion, "os.removedirs": .deletion, "shutil.move": .deletion,
    "os.system": .program, "os.popen": .program, "os.kill": .program, "os.killpg": .program,
    "os.abort": .program, "sys.modules": .hiddenCode, "sys.meta_path": .hiddenCode,
    "asyncio.create_subprocess_exec": .program, "asyncio.create_subprocess_shell": .program,
    "asyncio.open_connection": .network, "asyncio.start_server": .network,
    "pandas.read_pickle": .hiddenCode,
  ]

  private static let methods: [String: CodeRisk.Kind] = [
    "unlink": .deletion, "rmdir": .deletion, "rmtree": .deletion, "truncate": .deletion,
    "read_pickle": .hiddenCode, "__subclasses__": .hiddenCode, "__globals__": .hiddenCode,
    "__code__": .hiddenCode, "import_module": .hiddenCode,
  ]
}
