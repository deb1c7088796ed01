import LanguageModels

/// What the process of one task is given, as one line of JSON on standard input.
///
/// An executable with JSON in and JSON out is all that a scheduler of a cluster needs to know.
public struct TaskJob: Sendable, Hashable, Codable {
  /// The task.
  public var task: EvaluationTask
  /// The number of the repetition, from 0.
  public var seed: Int
  /// How the agent works.
  public var settings: AgentSettings
  /// The library's file; nil for none. It is written only if the settings say that actions accumulate.
  public var library: String?
  /// The file that keeps the trajectory.
  public var trajectory: String
  /// The folder in which the agent's code works. It ends with the task.
  public var workspace: String
}

/// What the process of one task found, as one line of JSON on standard output.
public struct TaskOutcome: Sendable, Hashable, Codable {
  /// Why a run has no answer.
  public struct Failure: Sendable, Hashable, Codable {
    /// The kind: a code of the agent's errors, or `crashed`.
    public var kind: String
    /// What happened, in a sentence.
    public var message: String

    public init(kind: String, message: String) {
      self.kind = kind
      self.message = message
    }
  }

  /// An action that the task added to the library.
  public struct NewAction: Sendable, Hashable, Codable {
    public var name: String
    public var version: Int
    /// McCabe's cyclomatic complexity.
    public var complexity: Int
    public var lines: Int
    /// How many other actions it calls.
    public var dependencies: Int
  }

  /// The answer; nil if there is none.
  public var answer: String?
  /// Whether the answer is a guess, made at a limit.
  public var isGuess = false
  /// The limit that was reached.
  public var reachedLimit: String?
  /// Why there is no answer.
  public var failure: Failure?
  public var steps = 0
  public var tokens = TokenUsage()
  /// In US dollars; nil where the price is not known.
  public var cost: Double?
  /// How long it took.
  public var seconds = 0.0
  /// How many actions the library had at the beginning.
  public var librarySize = 0
  /// What was added to the library.
  public var newActions: [NewAction] = []
  /// The actions of the library that the code named.
  public var usedActions: [String] = []
  /// What the code that was written is like; nil where it could not be read.
  public var code: CodeFigures?

  /// Makes an outcome of nothing.
  public init() {}
}

/// Figures of the code that an agent wrote in one task.
public struct CodeFigures: Sendable, Hashable, Codable {
  /// A function that the code defined at its top level; of several definitions of a name, the last.
  public struct Function: Sendable, Hashable, Codable {
    public var name: String
    /// McCabe's cyclomatic complexity.
    public var complexity: Int
    public var lines: Int
    /// How many other functions and actions, of the agent's or the library's, it calls by name.
    public var calls: Int
  }

  /// Places in the code that call an action of the library by its name.
  public var libraryCalls: Int
  /// Places that call a function that the agent defined in this task.
  public var ownCalls: Int
  /// Places that call a function that was there from the start.
  public var initialCalls: Int
  /// The actions of the library that are called.
  public var calledActions: [String]
  /// The functions that were defined.
  public var functions: [Function]

  /// Makes figures.
  public init(
    libraryCalls: Int = 0, ownCalls: Int = 0, initialCalls: Int = 0, calledActions: [String] = [],
    functions: [Function] = []
  ) {
    self.libraryCalls = libraryCalls
    self.ownCalls = ownCalls
    self.initialCalls = initialCalls
    self.calledActions = calledActions
    self.functions = functions
  }
}
