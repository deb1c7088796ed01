import Foundation
import LanguageModels
import PythonRuntime

/// A run as its file keeps it.
///
/// The file holds one JSON object a line, each written before the run goes on, so that a crash leaves
/// whole lines and at most one torn one at the end, which is passed over. Each object has
/// `event` (what it tells) and `time` (ISO 8601, UTC); readers pass over events and members that they
/// do not know. Keys of services never appear in it.
///
/// | event | members |
/// |---|---|
/// | `start` | `format` = "dynasaur-trajectory", `version` = 1, and those of ``RunStart``; always first |
/// | `retrieval` | `step` (absent for the task's own), `query`, `actions`: a list of ``Trajectory/ActionReference`` |
/// | `prompt` | `purpose`, `text`: what the model was asked besides the next step |
/// | `reply` | `step`, `purpose` (see ``RequestPurpose``), `text`, `reasoning`, `model`, `finishReason`, `tokens`, `usage`: the run's so far |
/// | `step` | `number`, `thought`, `code`; written before the code runs |
/// | `approval` | those of ``ApprovalReport``: what a person decided about the step |
/// | `functions` | `functions`: what Swift gives the code to call, a list of ``Trajectory/HostFunctionReference`` |
/// | `load` | `step`, `actions`: made callable because the code names them |
/// | `call` | those of ``Trajectory/HostCall``: a function of the host gave the code something |
/// | `delegation` | those of ``Delegation``: an agent that the code called has ended |
/// | `rejection` | those of ``AnswerRejection``: an answer check refused the answer |
/// | `picture` | those of ``Trajectory/Picture``: a picture that the step made |
/// | `observation` | `step` and those of ``Step/Observation`` |
/// | `admission` | those of ``AdmissionReport`` |
/// | `checkpoint` | those of ``CheckpointReport``: the variables are in the file beside this one |
/// | `compaction` | those of ``Compaction``: earlier steps take less room in the prompt from here on |
/// | `resumption` | those of ``Resumption``: the run goes on; what the file tells of its end is void |
/// | `message` | those of ``ChatTurn``: the user said something more |
/// | `undo` | `step`: the step is undone, variables and conversation are as before it |
/// | `answer` | `text`, `value` (as JSON), `isGuess`, `reachedLimit`, `steps`, `seconds`, `usage`, `newActions`, `usedActions` |
/// | `failure` | `code`, `message`: the run failed |
/// | `cancellation` | the run was stopped |
public struct Trajectory: Sendable {
  /// The version of the format that is written. Files of newer versions are refused.
  public static let formatVersion = 1
  static let formatName = "dynasaur-trajectory"

  /// How a run ended.
  public enum Outcome: Sendable, Hashable {
    /// With an answer.
    case answered(RunSummary)
    /// With an error.
    case failed(code: String, message: String)
    /// It was stopped.
    case cancelled
  }

  /// What the run began with.
  public var start: RunStart
  /// When it began.
  public var startTime: Date
  /// What the user said, the task first; further ones in a chat.
  public var turns: [Turn]
  /// The steps in order; the last one has no observation if the run ended before.
  public var steps: [Step]
  /// The model's replies in order.
  public var replies: [Reply]
  /// What was found in the library, for the task and by the code.
  public var retrievals: [Retrieval]
  /// The actions that were loaded.
  public var loads: [Load]
  /// The functions of the host that the code could call.
  public var hostFunctions: [HostFunctionReference]
  /// What the code called of them, and what they gave.
  public var hostCalls: [HostCall]
  /// The pictures that the steps made, as far as they are kept.
  public var pictures: [Picture]
  /// What became of the functions that the code defined.
  public var admissions: [AdmissionReport]
  /// How the run ended; nil if it is under way or was killed.
  public var outcome: Outcome?
  /// What was saved of the session's variables, oldest first.
  public var checkpoints: [CheckpointReport]
  /// Where the run was taken up again.
  public var resumptions: [Resumption]
  /// What persons decided about steps.
  public var approvals: [ApprovalReport]
  /// The runs of other agents that the code called.
  public var delegations: [Delegation]
  /// Where it was read; nil if it was in no file.
  public private(set) var file: URL?
  /// Whether the last line is torn: the run was killed while it wrote.
  public var isTorn: Bool
  /// All lines in their order: what the model was sent is a function of them.
  let records: [TrajectoryRecord]

  /// What the run had taken when it was last written.
  public var usage: RunUsage {
    if case .answered(let summary) = outcome { return summary.usage }
    return replies.last?.usage ?? RunUsage()
  }

  /// The answer, if the run ended with one.
  public var answer: Answer? {
    if case .answered(let summary) = outcome { summary.answer } else { nil }
  }

  /// Reads a trajectory file. A torn last line is passed over.
  ///
  /// - Throws: ``AgentError`` with `unreadableTrajectory`.
  public init(contentsOf url: URL) throws {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw AgentError(
        .unreadableTrajectory, "The trajectory \(url.path) cannot be read: \(Self.reason(url)).",
        underlying: error)
    }
    try self.init(data: data, name: url.path)
    file = url
  }

  /// Why a file cannot be read, and what to do.
  private static func reason(_ url: URL) -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      return "there is no such file. Check its path"
    }
    return isFolder.boolValue
      ? "it is a folder. Name the file in it" : "check its permissions"
  }

  /// Reads a trajectory; `name` stands for it in errors.
  init(data: Data, name: String) throws {
    guard !data.isEmpty else {
      throw AgentError(
        .unreadableTrajectory,
        "\(name) is empty: its run was ended before it began. Start it again with `dynasaur run "
          + "--trajectory`, which may write to an empty file.")
    }
    let (records, isTorn) = try TrajectoryRecord.records(in: data, name: name)
    guard let first = records.first, case .start(let start) = first.body else {
      let isTornStart =
        records.isEmpty && isTorn && data.starts(with: Data(#"{"event":"start","#.utf8))
      throw AgentError(
        .unreadableTrajectory,
        isTornStart
          ? "\(name) ends within its first line: its run was ended before it began. Start it again, "
            + "with another file."
          : "\(name) is no trajectory: its first line is not the start of a run.")
    }
    self.start = start
    startTime = first.time
    turns = [Turn(text: start.task, files: start.files, firstStep: 1)]
    steps = []
    replies = []
    retrievals = []
    loads = []
    hostFunctions = []
    hostCalls = []
    pictures = []
    admissions = []
    checkpoints = []
    resumptions = []
    approvals = []
    delegations = []
    self.isTorn = isTorn
    self.records = records
    for record in records.dropFirst() { add(record.body) }
  }

  private mutating func add(_ body: TrajectoryRecord.Body) {
    switch body {
    case .start, .prompt, .rejection, .compaction: break
    case .message(let message):
      turns.append(
        Turn(text: message.text, files: message.files, firstStep: (steps.last?.number ?? 0) + 1))
      outcome = nil
    case .approval(let report): approvals.append(report)
    case .delegation(let delegation): delegations.append(delegation)
    case .checkpoint(let report): checkpoints.append(report)
    case .resumption(let resumption):
      resumptions.append(resumption)
      outcome = nil
    case .undo(let step):
      steps.removeAll { $0.number >= step }
      // A question whose first step is undone has not been asked.
      while turns.count > 1, let last = turns.last, last.firstStep >= step { turns.removeLast() }
      turns[turns.count - 1].answer = nil
      retrievals.removeAll { $0.step ?? 0 >= step }
      loads.removeAll { $0.step >= step }
      hostCalls.removeAll { $0.step >= step }
      pictures.removeAll { $0.step >= step }
      outcome = nil
    case .retrieval(let retrieval): retrievals.append(retrieval)
    case .reply(let reply): replies.append(reply)
    case .step(let step): steps.append(step)
    case .load(let load): loads.append(load)
    case .functions(let functions):
      // A run that is taken up again can have others.
      hostFunctions.removeAll { old in functions.contains { $0.name == old.name } }
      hostFunctions += functions
    case .hostCall(let call): hostCalls.append(call)
    case .picture(let picture): pictures.append(picture)
    case .observation(let number, let observation): observe(observation, step: number)
    case .admission(let report): admissions.append(report)
    case .answer(let summary):
      outcome = .answered(summary)
      turns[turns.count - 1].answer = summary.answer
    case .failure(let code, let message): outcome = .failed(code: code, message: message)
    case .cancellation: outcome = .cancelled
    }
  }

  private mutating func observe(_ observation: Step.Observation, step number: Int) {
    if let index = steps.lastIndex(where: { $0.number == number }) {
      steps[index].observation = observation
    } else {
      // A malformed reply has no code, so no step was begun.
      let text = replies.last { $0.step == number }?.text ?? ""
      steps.append(Step(number: number, thought: text, code: "", observation: observation))
    }
  }
}
