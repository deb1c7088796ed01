import ActionLibrary
import Foundation
import LanguageModels
import PythonRuntime

/// What happens during a run, in the order in which it happens.
public enum AgentEvent: Sendable {
  /// The run began: what the model will be told.
  case started(RunStart)
  /// Actions of the library were found: for the task, or for the code's own query.
  case retrieved(query: String, actions: [Action])
  /// The model is asked for something: `step` is the step that it is for, nil for a guess.
  case requested(step: Int?, purpose: RequestPurpose)
  /// The next piece of the reply's text, as it comes.
  case text(String)
  /// The next piece of the model's own reasoning, where a service shows it.
  case reasoning(String)
  /// The attempt at a reply failed and another one starts: its pieces so far are void.
  case restarted(because: ModelError, delay: Duration)
  /// The reply is whole. `usage` is that of the run so far.
  case replied(ChatReply, usage: RunUsage)
  /// The model has made a plan for the steps that follow.
  case planned(String)
  /// The code of a step begins to run.
  case stepBegan(number: Int, thought: String, code: String)
  /// A person decided about the step.
  case approval(ApprovalReport)
  /// Actions of the library that the step's code names were made callable.
  case loaded(actions: [Action])
  /// The code printed something.
  case output(OutputChunk)
  /// Something happened in a run of another agent, which the code called under this name.
  indirect case nested(action: String, AgentEvent)
  /// A run of another agent has ended.
  case delegated(Delegation)
  /// An answer was submitted, and a check refused it.
  case answerRejected(AnswerRejection)
  /// What the step did, and what the model is shown of it. A malformed reply has one too.
  case observed(step: Int, Step.Observation)
  /// A function was accepted into the library, or refused.
  case admission(AdmissionReport)
  /// The session's variables were saved.
  case checkpointed(CheckpointReport)
  /// Earlier steps take less room in the prompt from now on.
  case compacted(Compaction)
  /// The run goes on where it had ended.
  case resumed(Resumption)
  /// The run ended with an answer. It is the last event; a run that fails throws instead.
  case finished(RunSummary)
}

/// What a run begins with.
public struct RunStart: Sendable, Hashable, Codable {
  /// The user's request.
  public var task: String
  /// The attached files, as the code sees them: paths from the workspace.
  public var files: [String]
  /// Where each of `files` came from.
  public var fileOrigins: [String]
  /// SHA-256 of each of `files`, in hexadecimal digits.
  public var fileHashes: [String]
  /// The model's name.
  public var model: String
  /// The folder in which the code works.
  public var workspace: String
  /// Whether Python orders sets of strings in the same way in each session, as a replay needs.
  public var hasFixedHashes: Bool
  /// The version of Python in the session.
  public var pythonVersion: String
  /// The Python packages that the session can import, with their versions.
  public var packages: [String: String]
  /// The instructions that the model is given.
  public var systemPrompt: String
  /// The message that tells the model the task.
  public var taskPrompt: String
  /// How the run is limited and made.
  public var settings: RunSettings
}

/// The options of a run that a trajectory keeps.
public struct RunSettings: Sendable, Hashable, Codable {
  /// The most steps.
  public var maximumSteps: Int
  /// How freely the model chooses its words.
  public var temperature: Double?
  /// The most characters of an observation.
  public var observationLimit: Int
  /// The most tokens; nil for no limit.
  public var maximumTokens: Int?
  /// The most that the tokens may cost, in US dollars; nil for no limit.
  public var maximumCost: Double?
  /// How long the run may take, in seconds; nil for no limit.
  public var maximumSeconds: Double?
}
