import Foundation
import PythonRuntime
import Synchronization

/// Runs admission in confined worker processes: one for each request, forked from a zygote that was
/// started with the request's hash seed.
///
/// The process reaches no network and no file outside a copy of the workspace; what a candidate does
/// to it ends with it. Where the kernel cannot confine a process, checks are refused unless
/// `allowsUnconfined` says otherwise.
public struct WorkerAdmissionRunner: AdmissionRunner {
  /// The folder of the virtual environment in which sessions run; nil for libpython's own packages.
  public var virtualEnvironment: String?
  /// How much memory a process may map, in bytes.
  public var memoryLimit: Int
  /// Run even where the kernel cannot protect files or bound connections. Only for a person to say.
  public var allowsUnconfined: Bool

  public init(
    virtualEnvironment: String? = nil, memoryLimit: Int = 4 << 30, allowsUnconfined: Bool = false
  ) {
    self.virtualEnvironment = virtualEnvironment
    self.memoryLimit = memoryLimit
    self.allowsUnconfined = allowsUnconfined
  }

  public func run(_ request: AdmissionRequest) async throws -> AdmissionReply {
    let copy = try await request.workspace.asyncMap { try await WorkspaceCopy.make(of: $0) }
    defer { copy?.remove() }
    do {
      let session = try await WorkerSession(options: options(request, workspace: copy?.url.path))
      do {
        let reply = try await Self.reply(to: request, in: session)
        await session.close()
        return reply
      } catch {
        await session.close()
        throw error
      }
    } catch let error as RuntimeError {
      throw LibraryError(
        .admission, "The check of an action could not be made: \(error.message)", underlying: error)
    }
  }

  private func options(_ request: AdmissionRequest, workspace: String?) -> WorkerSession.Options {
    var policy = WorkerPolicy.offline
    policy.memoryLimit = memoryLimit
    policy.allowsUnconfined = allowsUnconfined
    return WorkerSession.Options(
      policy: policy, workspace: workspace, virtualEnvironment: virtualEnvironment,
      // Nothing that a candidate could rely on without importing it.
      preloadedModules: ["dynasaur_library.admission", "dynasaur_library.file_capture"],
      outputLimit: 1 << 16, replyLimit: 64 << 20, savesCheckpoints: false,
      hashSeed: request.hashSeed)
  }

  private static func reply(
    to request: AdmissionRequest, in session: WorkerSession
  ) async throws -> AdmissionReply {
    let phases = Phases()
    try await session.define(
      HostFunction(
        name: "report_phase", signature: "(phase: str) -> None",
        documentation: "Tell the host what is about to be done."
      ) { arguments in
        phases.last = Data(try arguments.value("phase", as: String.self).utf8)
        return .none
      })
    let end = try await session.callOnce(
      "dynasaur_library.admission:answer",
      arguments: [
        try await session.value(of: "__name__"), .string(request.function),
        .string(String(decoding: request.argument, as: UTF8.self)),
      ], deadline: request.deadline)
    switch end {
    case .returned(.string(let text)):
      return AdmissionReply(end: .finished, outcome: Data(text.utf8), lastReport: phases.last)
    case .returned:
      return AdmissionReply(end: .died("gave no answer"), lastReport: phases.last)
    case .raised(let exception):
      return AdmissionReply(
        end: .died("failed (\(exception.type): \(exception.message))"), lastReport: phases.last)
    case .timedOut: return AdmissionReply(end: .timedOut, lastReport: phases.last)
    case .died(let how): return AdmissionReply(end: .died(how), lastReport: phases.last)
    }
  }

  /// The last phase that was reported.
  private final class Phases: Sendable {
    private let state = Mutex<Data?>(nil)

    var last: Data? {
      get { state.withLock { $0 } }
      set { state.withLock { $0 = newValue } }
    }
  }
}

extension Optional {
  fileprivate func asyncMap<Result>(
    _ transform: (Wrapped) async throws -> Result
  ) async rethrows -> Result? {
    guard let self else { return nil }
    return try await transform(self)
  }
}
