import ActionLibrary
import DynaSaur
import DynaSaurTerminal
import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

/// How the example runs: with recorded replies, or live.
///
///     MainJob                                     recorded, unless OPENAI_API_KEY is set
///     MainJob --base-url URL [--model ID]         live, at any server that speaks chat completions
///     MainJob --record --base-url URL [--model ID] [--source WORDS]
///                                                 live, and the replies become the recording
///     MainJob --recorded                          recorded in any case
struct Options {
  /// A wrong command line or set-up, in a sentence.
  struct Mistake: Error, CustomStringConvertible {
    var description: String
  }

  private var baseURL: String?
  private var modelName = "gpt-4o-mini"
  private var source = "recorded, hand-operated"
  private var records = false
  private var isRecorded = false
  private let differences = Differences()
  /// The folder of this example, in the project.
  private let folder: URL

  init(arguments: some Sequence<String>) throws {
    var rest = Array(arguments)[...]
    func value(of option: String) throws -> String {
      guard let value = rest.popFirst() else {
        throw Mistake(description: "\(option) lacks its value.")
      }
      return value
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--base-url": baseURL = try value(of: argument)
      case "--model": modelName = try value(of: argument)
      case "--source": source = try value(of: argument)
      case "--record": records = true
      case "--recorded": isRecorded = true
      default: throw Mistake(description: "There is no option \(argument). See Options.swift.")
      }
    }
    folder = try Self.project().appending(path: "Examples/MainJob")
  }

  /// The project's folder: above the program that SwiftPM built.
  private static func project() throws -> URL {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var folder = URL(filePath: program).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) {
      guard folder.path != "/" else {
        throw Mistake(description: "The project is not above \(program). Run `make run` there.")
      }
      folder.deleteLastPathComponent()
    }
    return folder
  }

  var springPlan: URL { folder.appending(path: "Plans/greenhouse-spring.xlsx") }
  var autumnPlan: URL { folder.appending(path: "Plans/greenhouse-autumn.xlsx") }
  private var cassette: URL { folder.appending(path: "recording.json") }
  private var build: URL { folder.appending(path: "../../.build").standardizedFileURL }

  /// Where `make setup` puts the Python packages.
  var virtualEnvironment: URL { folder.appending(path: "../../.venv").standardizedFileURL }

  /// Says whether the prompts are those of the recording.
  func reportDifferences() {
    guard let first = differences.all.first else { return }
    StandardStream.error.print(
      "\nThe agent's requests have changed since the recording, in \(differences.all.count) places. "
        + "`make record` makes a new one. The first: \(first)")
  }

  /// Functions are accepted after a fresh interpreter has repeated their calls.
  var admission: Admission {
    var policy = AdmissionPolicy()
    // Importing openpyxl takes a while on a machine that is busy building.
    policy.deadline = .seconds(120)
    return Admission(
      runner: WorkerAdmissionRunner(virtualEnvironment: virtualEnvironment.path),
      policy: policy)
  }

  var agentOptions: AgentOptions {
    var options = AgentOptions()
    // The same replies shall give the same conversation.
    options.awaitsAdmission = true
    return options
  }

  /// The file of a library without actions: the example starts afresh each time.
  func newLibraryFile() throws -> URL {
    let file = build.appending(path: "main-job/actions.sqlite")
    let files = FileManager.default
    try files.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    for name in [file.path, file.path + "-wal", file.path + "-shm"]
    where files.fileExists(atPath: name) {
      try files.removeItem(atPath: name)
    }
    return file
  }

  /// A session for what the model writes: confined, in a process of its own.
  ///
  /// Where the kernel cannot do that, only the recorded code runs, which is part of this project.
  var openSession: Agent.SessionOpener {
    let environment = virtualEnvironment.path
    let isRecorded = replaysRecording
    return { workspace in
      if isRecorded, try !KernelSupport.current().canConfine {
        try Interpreter.start(.init(virtualEnvironment: environment))
        return try await InProcessSession(options: .init(workingDirectory: workspace.path))
      }
      return try await WorkerSession(
        options: .init(workspace: workspace.path, virtualEnvironment: environment))
    }
  }

  private var hasKey: Bool {
    !(ProcessInfo.processInfo.environment["OPENAI_API_KEY"] ?? "").isEmpty
  }

  private var replaysRecording: Bool { isRecorded || (baseURL == nil && !hasKey) }

  /// What answers, and what to call it if not by its name.
  func makeModel() throws -> (model: any LanguageModel, label: String?) {
    let folders = FolderNames(["example": folder.path, "project": virtualEnvironment.path])
    if replaysRecording {
      if records { throw Mistake(description: "To record, set OPENAI_API_KEY or give --base-url.") }
      let model = try RecordedModel(
        cassette: cassette, folders: folders, onMismatch: differences.append)
      return (model, "\(model.name) (\(model.source): no key was found, so replies are replayed)")
    }
    let key = hasKey ? try APIKey(environment: "OPENAI_API_KEY") : nil
    let live = try OpenAIModel(
      modelName, baseURL: baseURL ?? OpenAIModel.defaultBaseURL, key: key)
    guard records else { return (live, nil) }
    return (RecordingModel(live, cassette: cassette, source: source, folders: folders), nil)
  }
}

/// The requests that were not the recorded ones.
private final class Differences: Sendable {
  private let found = Mutex<[RecordingMismatch]>([])

  var all: [RecordingMismatch] { found.withLock { $0 } }

  func append(_ mismatch: RecordingMismatch) { found.withLock { $0.append(mismatch) } }
}
