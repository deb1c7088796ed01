import Foundation
import LanguageModels

// What the lines of a trajectory hold, apart from what events hold themselves.
extension Trajectory {
  /// An action of the library, as a trajectory names it.
  public struct ActionReference: Sendable, Hashable, Codable {
    public var name: String
    public var version: Int
    public var hash: String
    /// `name(parameters) -> type: first line of the docstring`.
    public var summary: String
  }

  /// Actions that were found.
  public struct Retrieval: Sendable, Hashable, Codable {
    /// The step whose code searched; nil for the search with the task.
    public var step: Int?
    public var query: String
    public var actions: [ActionReference]
  }

  /// Something that the user said, and what came of it.
  public struct Turn: Sendable, Hashable {
    /// What the user said.
    public var text: String
    /// The files that belong to it, as the code sees them.
    public var files: [String]
    /// The step with which it begins.
    public var firstStep: Int
    /// What the agent answered; nil if it has not.
    public var answer: Answer?
  }

  /// A picture that a step made, as ``Step/Observation/imageFiles`` names it; nil if it is neither kept
  /// beside the trajectory nor in the folder in which the code worked. Blocks.
  public func picture(named name: String) -> ChatMessage.Image? {
    if let file, let kept = pictures.last(where: { $0.name == name }),
      let bytes = try? SideFile(of: file).read(kept.place)
    {
      return ChatMessage.Image(data: Data(bytes), mediaType: kept.mediaType)
    }
    let folder = resumptions.last?.workspace ?? start.workspace
    return Workspace(keptAt: URL(filePath: folder, directoryHint: .isDirectory)).pictureFinder(name)
  }

  /// What the model was asked besides the next step: a plan, a guess, a summary.
  public struct Prompt: Sendable, Hashable, Codable {
    public var purpose: RequestPurpose
    /// The text of the request.
    public var text: String
  }

  /// A reply of the model.
  public struct Reply: Sendable, Hashable, Codable {
    /// The step it is for; nil for a guess.
    public var step: Int?
    /// What was asked for.
    public var purpose: RequestPurpose
    /// What the model wrote.
    public var text: String
    /// The model's own reasoning, where a service shows it.
    public var reasoning: String?
    /// The model that answered, as its service names it.
    public var model: String
    public var finishReason: FinishReason
    /// The tokens of this reply, where the service counts them.
    public var tokens: TokenUsage?
    /// What the run had taken when this reply was there.
    public var usage: RunUsage
  }

  /// Actions that a step's code named.
  public struct Load: Sendable, Hashable, Codable {
    public var step: Int
    public var actions: [ActionReference]
  }
}

/// What a run's session can be continued from after a step.
public struct CheckpointReport: Sendable, Hashable, Codable {
  /// The step after which it was made; 0 before the first.
  public var step: Int
  /// The variables that were saved, functions among them.
  public var names: [String]
  /// The variables that were not, and why.
  public var skipped: [String: String]
  /// The size in bytes.
  public var size: Int
}

/// A run that goes on: after a crash, after it was stopped, or after it failed.
public struct Resumption: Sendable, Hashable, Codable {
  /// The last step that had run to its end.
  public var step: Int
  /// The step that was under way, whose effects are unknown; nil if none was.
  public var interruptedStep: Int?
  /// The folder in which the code works now.
  public var workspace: String
  /// The variables that are as they were.
  public var restored: [String]
  /// The variables that are not, and why.
  public var lost: [String: String]
  /// What the model is told of it.
  public var text: String
}

/// Steps that take less room in the prompt from now on.
public struct Compaction: Sendable, Hashable, Codable {
  /// How room was made.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// Observations were cut in the middle.
    case shortened
    /// Steps were replaced with a summary that the model wrote.
    case summarized
  }
  public var kind: Kind
  /// The last step that it concerns.
  public var throughStep: Int
  /// What stands in the place of the steps; nil if they were shortened.
  public var summary: String?
}

/// A run of another agent, which a step's code called as an action.
public struct Delegation: Sendable, Hashable, Codable {
  public var step: Int
  /// The name of the action.
  public var action: String
  public var task: String
  /// Its answer as text; nil if it failed.
  public var answer: String?
  /// Why it has no answer.
  public var failure: String?
  /// What it took, which counts towards the run that called it.
  public var usage: RunUsage
}

/// An answer that was submitted and not accepted.
public struct AnswerRejection: Sendable, Hashable, Codable {
  public var step: Int
  /// The answer as text.
  public var answer: String
  /// Why it was not accepted.
  public var reason: String
}

/// What a user says in a chat.
public struct ChatTurn: Sendable, Hashable, Codable {
  public var text: String
  /// Files that belong to it, from the workspace.
  public var files: [String]
  /// Actions of the library that may serve, and were not told before.
  public var actions: [String]
}
