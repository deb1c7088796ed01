import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// A line of a trajectory file.
struct TrajectoryRecord: Sendable {
  enum Body: Sendable {
    case start(RunStart)
    case retrieval(Trajectory.Retrieval)
    case prompt(Trajectory.Prompt)
    case reply(Trajectory.Reply)
    case step(Step)
    case approval(ApprovalReport)
    case delegation(Delegation)
    case rejection(AnswerRejection)
    case checkpoint(CheckpointReport)
    case compaction(Compaction)
    case resumption(Resumption)
    case message(ChatTurn)
    case undo(step: Int)
    case load(Trajectory.Load)
    case functions([Trajectory.HostFunctionReference])
    case hostCall(Trajectory.HostCall)
    case picture(Trajectory.Picture)
    case observation(step: Int, Step.Observation)
    case admission(AdmissionReport)
    case answer(RunSummary)
    case failure(code: String, message: String)
    case cancellation
  }

  var time: Date
  var body: Body
}

// MARK: - Writing

extension TrajectoryRecord {
  /// The line, without its end: no key of a service is in it.
  func line() throws -> String {
    let (event, members) = try content()
    let time = JSONValue.string(self.time.formatted(Self.timeFormat))
    let object = [JSONValue.Member("event", .string(event)), .init("time", time)] + members
    return JSONValue.object(object).redacted.text()
  }

  private static let timeFormat = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  private func content() throws -> (event: String, members: [JSONValue.Member]) {
    switch body {
    case .start(let start):
      let format: [JSONValue.Member] = [
        .init("format", .string(Trajectory.formatName)),
        .init("version", .integer(Trajectory.formatVersion)),
      ]
      return ("start", format + (try Self.members(start)))
    case .retrieval(let retrieval): return ("retrieval", try Self.members(retrieval))
    case .prompt(let prompt): return ("prompt", try Self.members(prompt))
    case .reply(let reply): return ("reply", try Self.members(reply))
    case .approval(let report): return ("approval", try Self.members(report))
    case .delegation(let delegation): return ("delegation", try Self.members(delegation))
    case .rejection(let rejection): return ("rejection", try Self.members(rejection))
    case .checkpoint(let report): return ("checkpoint", try Self.members(report))
    case .compaction(let compaction): return ("compaction", try Self.members(compaction))
    case .resumption(let resumption): return ("resumption", try Self.members(resumption))
    case .message(let turn): return ("message", try Self.members(turn))
    case .undo(let step): return ("undo", [.init("step", .integer(step))])
    case .step(let step): return ("step", try Self.members(StepBegin(step)))
    case .load(let load): return ("load", try Self.members(load))
    case .functions(let list): return ("functions", try Self.members(Functions(functions: list)))
    case .hostCall(let call): return ("call", try Self.members(call))
    case .picture(let picture): return ("picture", try Self.members(picture))
    case .observation(let step, let observation):
      return ("observation", [.init("step", .integer(step))] + (try Self.members(observation)))
    case .admission(let report): return ("admission", try Self.members(report))
    case .answer(let summary):
      let value = (try? JSONValue(parsing: summary.answer.value.json)) ?? .null
      return ("answer", [.init("value", value)] + (try Self.members(End(summary))))
    case .failure(let code, let message):
      return ("failure", [.init("code", .string(code)), .init("message", .string(message))])
    case .cancellation: return ("cancellation", [])
    }
  }

  private static func members(_ value: some Encodable) throws -> [JSONValue.Member] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try JSONValue(parsing: encoder.encode(value)).members ?? []
  }
}

extension JSONValue {
  /// The value with every key of a service cut out of its texts. Done before the texts are escaped:
  /// a key with a quote or a backslash would not be found afterwards.
  var redacted: JSONValue {
    switch self {
    case .string(let text): .string(APIKey.redact(text))
    case .array(let values): .array(values.map(\.redacted))
    case .object(let members):
      .object(members.map { Member(APIKey.redact($0.key), $0.value.redacted) })
    default: self
    }
  }
}

// MARK: - Reading

extension TrajectoryRecord {
  /// The lines of a file. What follows the last line break, or a last line that is not JSON, is torn.
  static func records(in data: Data, name: String) throws -> ([TrajectoryRecord], isTorn: Bool) {
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let rest = lines.popLast()
    var isTorn = rest?.isEmpty == false
    var records: [TrajectoryRecord] = []
    for (index, line) in lines.enumerated() where !line.isEmpty {
      guard let value = try? JSONValue(parsing: line) else {
        // A disk that loses power can keep a line's length without its bytes.
        if index == lines.count - 1, !records.isEmpty {
          isTorn = true
          break
        }
        throw unreadable(name, line: index + 1, "is not JSON", nil)
      }
      do {
        if let record = try TrajectoryRecord(line, value) { records.append(record) }
      } catch let error as AgentError {
        throw AgentError(error.code, "\(name): \(error.message)", underlying: error.underlying)
      } catch {
        throw unreadable(name, line: index + 1, "lacks what its event has", error)
      }
    }
    return (records, isTorn)
  }

  /// The bytes of the whole lines, without a torn last one.
  static func wholeLength(of data: Data, name: String) throws -> Int {
    guard try records(in: data, name: name).isTorn else { return data.count }
    let lineEnd = UInt8(ascii: "\n")
    var end = data.count
    // A last line with its end is torn if its bytes never reached the disk.
    if data.last == lineEnd { end -= 1 }
    return (data[..<end].lastIndex(of: lineEnd) ?? -1) + 1
  }

  private static func unreadable(
    _ name: String, line: Int, _ problem: String, _ error: (any Error)?
  ) -> AgentError {
    AgentError(
      .unreadableTrajectory, "\(name) is no trajectory, or is damaged: line \(line) \(problem).",
      underlying: error)
  }

  /// Reads a line; nil for an event that this version does not know.
  private init?(_ line: Data, _ value: JSONValue) throws {
    let decoder = JSONDecoder()
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(type, from: line) }

    guard let event = value["event"]?.string, let timeText = value["time"]?.string,
      let time = try? Date(timeText, strategy: Self.timeFormat)
    else { throw Missing() }
    self.time = time
    switch event {
    case "start":
      guard value["format"]?.string == Trajectory.formatName,
        let version = value["version"]?.integer
      else { throw Missing() }
      guard version <= Trajectory.formatVersion else {
        throw AgentError(
          .unreadableTrajectory,
          "it was written in format \(version), and this program knows formats up to "
            + "\(Trajectory.formatVersion). Use a newer version of it.")
      }
      body = .start(try decode(RunStart.self))
    case "retrieval": body = .retrieval(try decode(Trajectory.Retrieval.self))
    case "prompt": body = .prompt(try decode(Trajectory.Prompt.self))
    case "reply": body = .reply(try decode(Trajectory.Reply.self))
    case "approval": body = .approval(try decode(ApprovalReport.self))
    case "delegation": body = .delegation(try decode(Delegation.self))
    case "rejection": body = .rejection(try decode(AnswerRejection.self))
    case "checkpoint": body = .checkpoint(try decode(CheckpointReport.self))
    case "compaction": body = .compaction(try decode(Compaction.self))
    case "resumption": body = .resumption(try decode(Resumption.self))
    case "message": body = .message(try decode(ChatTurn.self))
    case "undo":
      guard let step = value["step"]?.integer else { throw Missing() }
      body = .undo(step: step)
    case "step": body = .step(try decode(StepBegin.self).step)
    case "load": body = .load(try decode(Trajectory.Load.self))
    case "functions": body = .functions(try decode(Functions.self).functions)
    case "call": body = .hostCall(try decode(Trajectory.HostCall.self))
    case "picture": body = .picture(try decode(Trajectory.Picture.self))
    case "observation":
      guard let step = value["step"]?.integer else { throw Missing() }
      body = .observation(step: step, try decode(Step.Observation.self))
    case "admission": body = .admission(try decode(AdmissionReport.self))
    case "answer":
      body = .answer(try decode(End.self).summary(value: PythonValue(value["value"] ?? .null)))
    case "failure":
      body = .failure(
        code: value["code"]?.string ?? "", message: value["message"]?.string ?? "")
    case "cancellation": body = .cancellation
    default: return nil
    }
  }

  private struct Missing: Error {}
}

extension PythonValue {
  /// What JSON holds of a value; what it could not hold was written as `{"type": …, "repr": …}`.
  fileprivate init(_ json: JSONValue) {
    switch json {
    case .null: self = .none
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .int(number)
    case .number(let number): self = .double(number)
    case .string(let text): self = .string(text)
    case .array(let values): self = .list(values.map(PythonValue.init))
    case .object(let members):
      if members.map(\.key) == ["type", "repr"], let type = json["type"]?.string,
        let repr = json["repr"]?.string
      {
        self = .object(.init(type: type, repr: repr))
      } else {
        self = .dictionary(
          members.map { Entry(key: .string($0.key), value: PythonValue($0.value)) })
      }
    }
  }
}

// MARK: - Parts

private struct StepBegin: Codable {
  var number: Int
  var thought: String
  var code: String

  init(_ step: Step) {
    number = step.number
    thought = step.thought
    code = step.code
  }

  var step: Step { Step(number: number, thought: thought, code: code) }
}

private struct Functions: Codable {
  var functions: [Trajectory.HostFunctionReference]
}

private struct End: Codable {
  var text: String
  var submitted: String?
  var isGuess: Bool
  var reachedLimit: Limit?
  var steps: Int
  var seconds: Double
  var usage: RunUsage
  var newActions: [String]
  var usedActions: [String]

  init(_ summary: RunSummary) {
    text = summary.answer.text
    submitted = summary.answer.submitted
    isGuess = summary.answer.isGuess
    reachedLimit = summary.answer.reachedLimit
    steps = summary.steps
    seconds = summary.duration / .seconds(1)
    usage = summary.usage
    newActions = summary.newActions
    usedActions = summary.usedActions
  }

  func summary(value: PythonValue) -> RunSummary {
    RunSummary(
      answer: Answer(
        value: value, isGuess: isGuess, reachedLimit: reachedLimit, submitted: submitted),
      steps: steps,
      usage: usage, duration: .seconds(seconds), newActions: newActions, usedActions: usedActions)
  }
}

extension Trajectory.ActionReference {
  init(_ action: Action) {
    self.init(
      name: action.name, version: action.version, hash: action.hash, summary: action.summary)
  }
}
