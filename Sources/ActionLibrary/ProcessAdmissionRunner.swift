import Foundation
import PythonStubs

/// Runs admission in a plain Python process: empty environment, own working directory, deadline.
///
/// The process can read what its user can read. It refuses network, programs and writing elsewhere
/// by an audit hook only, so use it for code that one would run anyway; code that nobody trusts is
/// for a confined worker.
public struct ProcessAdmissionRunner: AdmissionRunner {
  /// The Python to start: that of the virtual environment in which sessions run.
  public var pythonExecutable: String
  /// How much memory the process may map, in bytes.
  public var memoryLimit: Int

  public init(pythonExecutable: String, memoryLimit: Int = 4 << 30) {
    self.pythonExecutable = pythonExecutable
    self.memoryLimit = memoryLimit
  }

  public func run(_ request: AdmissionRequest) async throws -> AdmissionReply {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("dynasaur-admission-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let answer = folder.appendingPathComponent("answer")
    let process: Process
    do {
      process = try prepared(request, folder: folder, answer: answer)
    } catch let error as LibraryError {
      throw error
    } catch {
      throw LibraryError(
        .admission, "The check of an action could not be prepared: \(error).", underlying: error)
    }
    let end = try await ChildProcess(process).run(deadline: request.deadline)
    return reply(end, answer: (try? Data(contentsOf: answer)) ?? Data())
  }

  private func prepared(_ request: AdmissionRequest, folder: URL, answer: URL) throws -> Process {
    let files = FileManager.default
    let directory = folder.appendingPathComponent("workspace")
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    if let workspace = request.workspace {
      try files.copyItem(at: workspace, to: directory)
    } else {
      try files.createDirectory(at: directory, withIntermediateDirectories: true)
    }
    let sources = EmbeddedPython.sources(of: "dynasaur_library")
    guard let program = sources["dynasaur_library.fresh_process"] else {
      throw LibraryError(.admission, "This build lacks dynasaur_library/fresh_process.py.")
    }
    let envelope = Envelope(
      modules: sources, function: request.function,
      limits: ["RLIMIT_AS": memoryLimit, "RLIMIT_FSIZE": 1 << 30])
    let question = folder.appendingPathComponent("question")
    try envelope.encoded(with: request.argument).write(to: question)
    guard files.createFile(atPath: answer.path, contents: nil) else {
      throw LibraryError(.admission, "No file can be made in \(folder.path).")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: pythonExecutable)
    process.arguments = ["-I", "-B", "-X", "utf8", "-c", program]
    process.environment = [
      "PYTHONHASHSEED": String(request.hashSeed), "HOME": directory.path,
      "TMPDIR": directory.path, "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8",
    ]
    process.currentDirectoryURL = directory
    // Files, not pipes: nothing is lost, and nobody waits, when the process is killed.
    process.standardInput = try FileHandle(forReadingFrom: question)
    process.standardOutput = try FileHandle(forWritingTo: answer)
    process.standardError = FileHandle.nullDevice
    return process
  }

  private func reply(_ end: ChildProcess.End, answer: Data) -> AdmissionReply {
    struct Outcome: Decodable { var outcome: EncodedValue }
    let lines = answer.split(separator: UInt8(ascii: "\n")).map { Data($0) }
    if let last = lines.last, let found = try? JSONDecoder().decode(Outcome.self, from: last),
      let outcome = try? JSONEncoder().encode(found.outcome)
    {
      return AdmissionReply(end: .finished, outcome: outcome, lastReport: lines.dropLast().last)
    }
    switch end {
    case .timedOut: return AdmissionReply(end: .timedOut, lastReport: lines.last)
    case .exited(let status, let bySignal):
      return AdmissionReply(
        end: .died(status: status, bySignal: bySignal), lastReport: lines.last)
    }
  }

  private struct Envelope: Encodable {
    var modules: [String: String]
    var function: String
    var limits: [String: Int]

    /// The envelope with `request`, which is JSON already, as its last member.
    func encoded(with request: Data) throws -> Data {
      var data = try JSONEncoder().encode(self)
      data.removeLast()
      data.append(Data(",\"request\":".utf8))
      data.append(request)
      data.append(UInt8(ascii: "}"))
      return data
    }
  }
}
