import ActionLibrary
import DynaSaur
import Foundation
import LanguageModels

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

  /// Functions are accepted after a fresh interpreter has repeated their calls.
  var admission: Admission {
    Admission(
      runner: ProcessAdmissionRunner(
        pythonExecutable: virtualEnvironment.appending(path: "bin/python").path))
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

  /// What answers, and what to call it if not by its name.
  func makeModel() throws -> (model: any LanguageModel, label: String?) {
    let hasKey = !(ProcessInfo.processInfo.environment["OPENAI_API_KEY"] ?? "").isEmpty
    let folders = FolderNames(["example": folder.path, "project": virtualEnvironment.path])
    guard !isRecorded, baseURL != nil || hasKey else {
      if records { throw Mistake(description: "To record, set OPENAI_API_KEY or give --base-url.") }
      let model = try RecordedModel(cassette: cassette, folders: folders)
      return (model, "\(model.name) (\(model.source): no key was found, so replies are replayed)")
    }
    let key = hasKey ? try APIKey(environment: "OPENAI_API_KEY") : nil
    let live = try OpenAIModel(
      modelName, baseURL: baseURL ?? OpenAIModel.defaultBaseURL, key: key)
    guard records else { return (live, nil) }
    return (RecordingModel(live, cassette: cassette, source: source, folders: folders), nil)
  }
}
