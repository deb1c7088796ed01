import Foundation
import LanguageModels
import PythonRuntime
import Synchronization

/// Keeps what functions of the host give a run's code, so that a replay need not ask services again, and
/// the pictures that it makes, which go with its folder otherwise.
final class HostCallRecorder: Sendable {
  /// A result of more bytes is not kept.
  private static let largestResult = 32 << 20
  /// A result of more bytes is no part of a line.
  private static let largestInLine = 4 << 10
  /// Calls that are kept: confined code decides how many it makes, and must not fill the host's disk.
  static let mostCalls = 10_000

  private let journal: Journal
  private let file: SideFile
  private let workspace: String
  private let step = Atomic(0)
  private let count = Atomic(0)

  /// - Parameters:
  ///   - trajectory: The file that keeps the run.
  ///   - workspace: The folder in which the code works.
  init(_ journal: Journal, of trajectory: URL, workspace: String) {
    self.journal = journal
    self.workspace = workspace
    file = SideFile(of: trajectory, sync: journal.sync)
  }

  /// Removes what another run of this name has left.
  func removeEarlier() { file.remove() }

  /// Says which step runs now.
  func begin(_ step: Int) { self.step.store(step, ordering: .relaxed) }

  /// The function, whose results are kept from now on.
  func recording(_ function: HostFunction) -> HostFunction {
    var recorded = function
    recorded.body = { [self] arguments in
      do {
        let result = try await function.body(arguments)
        await keep(result, of: function.name, arguments.all)
        return result
      } catch let error as CancellationError {
        throw error
      } catch {
        guard isOpen else { throw error }
        var call = call(function.name, arguments.all)
        call.failure = .init(
          type: error.pythonExceptionType, message: APIKey.redact(error.pythonMessage))
        await keep(call)
        throw error
      }
    }
    return recorded
  }

  /// Keeps a result that the host did not give itself.
  func keep(_ result: PythonValue, of function: String, _ arguments: [PythonValue]) async {
    guard isOpen else { return }
    var call = call(function, arguments)
    let result = result.mappingTexts(APIKey.redact)
    call.result = HostCallText.of([result])
    await keep(call, result)
  }

  /// Keeps the pictures of a step; `names` are those of their files.
  func keep(_ pictures: [ExecutionResult.OutputImage], named names: [String]) async {
    let file = file
    // One that could not be saved has no name.
    guard pictures.count == names.count else { return }
    for (picture, name) in zip(pictures, names) where picture.bytes.count <= Self.largestResult {
      // A run has its pictures in its folder; without them here, it is only shown without them later.
      guard let place = try? await offPool({ try file.append(picture.bytes) }) else {
        continue
      }
      try? await journal.keep(
        .picture(
          .init(
            step: step.load(ordering: .relaxed), name: name, mediaType: picture.mediaType,
            place: place)))
    }
  }

  /// Whether one more call is kept.
  private var isOpen: Bool { count.add(1, ordering: .relaxed).newValue <= Self.mostCalls }

  private func call(_ function: String, _ arguments: [PythonValue]) -> Trajectory.HostCall {
    .init(
      step: step.load(ordering: .relaxed), function: function,
      arguments: HostCallText.of(arguments),
      argumentsChecksum: HostCallText.checksum(of: arguments, in: workspace))
  }

  private func keep(_ call: Trajectory.HostCall, _ result: PythonValue) async {
    var call = call
    do {
      let bytes = try result.encoded()
      if bytes.count <= Self.largestInLine {
        call.data = Data(bytes).base64EncodedString()
      } else if bytes.count <= Self.largestResult {
        let file = file
        call.place = try await offPool { try file.append(bytes) }
        if call.place == nil {
          call.leftOut = "the results of the run take more than \(SideFile.limit >> 20) MiB"
        }
      } else {
        call.leftOut = "it takes \(bytes.count >> 20) MiB, and \(Self.largestResult >> 20) are kept"
      }
    } catch {
      call.leftOut = "it could not be kept: \(error)"
    }
    await keep(call)
  }

  private func keep(_ call: Trajectory.HostCall) async {
    // A file that cannot be written ends the run with the next line; the code need not hear of it.
    try? await journal.keep(.hostCall(call))
  }
}

extension PythonValue {
  /// The value with all its texts changed; bytes that are a text are one here.
  func mappingTexts(_ change: (String) -> String) -> PythonValue {
    func changed(_ values: [PythonValue]) -> [PythonValue] {
      values.map { $0.mappingTexts(change) }
    }
    switch self {
    case .string(let text): return .string(change(text))
    case .bytes(let bytes):
      if let text = String(validating: bytes, as: UTF8.self) {
        return .bytes(Array(change(text).utf8))
      }
      // Each byte is a character of this encoding.
      let text = String(bytes: bytes, encoding: .isoLatin1).map(change)
      return .bytes(text?.data(using: .isoLatin1).map { [UInt8]($0) } ?? bytes)
    case .list(let values): return .list(changed(values))
    case .tuple(let values): return .tuple(changed(values))
    case .set(let values): return .set(changed(values))
    case .frozenSet(let values): return .frozenSet(changed(values))
    case .dictionary(let entries):
      return .dictionary(
        entries.map {
          .init(key: $0.key.mappingTexts(change), value: $0.value.mappingTexts(change))
        })
    case .record(let record):
      return .record(
        .init(
          type: record.type,
          fields: record.fields.map {
            .init(name: $0.name, value: $0.value.mappingTexts(change))
          }))
    case .object(let object):
      let repr = change(object.repr)
      return repr == object.repr ? self : .object(.init(type: object.type, repr: repr))
    default: return self
    }
  }
}
