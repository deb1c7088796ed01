import ActionLibrary
import LanguageModels
import Logging
import PythonRuntime

/// How an agent works, and how far it may go.
public struct AgentOptions: Sendable {
  /// The most steps, malformed replies among them.
  public var maximumSteps = 20
  /// How freely the model chooses its words; nil leaves it to the service.
  public var temperature: Double? = 0.5
  /// Where the service's choice of words starts, for services that know seeds; nil leaves it to them.
  public var seed: Int?
  /// How much a model that reasons may think; nil leaves it to the service.
  public var reasoningEffort: ChatRequest.ReasoningEffort?
  /// The most tokens of one reply; nil leaves it to the service.
  public var maximumReplyTokens: Int?

  /// The most tokens of the whole run. It is looked at before each request: the last reply, and the
  /// one that makes a guess, can exceed it.
  public var maximumTokens: Int?
  /// The most that the run may cost, in US dollars, looked at as `maximumTokens` is. The model's price
  /// must be in `prices`.
  public var maximumCost: Double?
  /// How long the run may take. What is under way then is stopped; a guess may take 60 seconds more.
  public var maximumTime: Duration?
  /// How long the code of one step may run; nil for no limit.
  public var stepDeadline: Duration? = .seconds(120)
  /// How many malformed replies in a row end the run.
  public var maximumMalformedReplies = 3
  /// Whether a guess is asked for when a limit is reached; without it the run fails then.
  public var guessesAtLimit = true

  /// Whether the model is asked for JSON where its service can hold replies to a schema. Code in a
  /// fence is understood in any case.
  public var structuredReplies = true
  /// The most characters of an observation; longer ones are cut in the middle.
  public var observationLimit = 8_000
  /// The most tokens of a request, as far as they can be estimated; nil for no limit. Before it is
  /// reached, older observations are shortened; if that does not make enough room, older steps are
  /// replaced with a summary that the model writes. The task, what is known of actions and the last
  /// steps stay whole.
  public var contextLimit: Int? = 100_000
  /// Whether pictures that the code makes are sent to the model, which must understand pictures.
  public var showsImages = false
  /// What the model is told besides: about the user, the data, the form of answers.
  public var instructions: String?
  /// After how many steps the model is asked for a plan, before the first of them also; nil for never.
  /// Each plan is a request more.
  public var planningInterval: Int?
  /// The form that the answer shall have, in words, such as "a number without unit, or a list with
  /// commas". The model is asked once, at the end, to put the submitted answer into it; nil takes the
  /// answer as it was submitted.
  public var answerForm: String?
  /// What an answer must pass, in this order.
  public var answerChecks: [AnswerCheck] = []
  /// Asks a person before code runs; nil runs it without asking.
  public var approval: Approval?
  /// What models cost.
  public var prices = PriceTable.standard

  /// How many actions of the library are named in the prompt, found for the task.
  public var retrievalLimit = 10
  /// Whether the initial actions are there, besides those that submit an answer and search the library.
  public var offersInitialActions = true
  /// Finds actions in place of the library's own ranking; nil for that. Experiments compare.
  public var retrieve: (@Sendable (_ query: String, _ limit: Int) async throws -> [Action])?
  /// Whether functions that worked become actions of the library.
  public var accumulates = true
  /// Whether each step waits until the functions of the step before are decided on. Off, a decision
  /// reaches the model whenever it is there, and the run is faster; on, the same replies always give
  /// the same conversation, as a recording needs.
  public var awaitsAdmission = false
  /// Swift functions that the code can call, named in the prompt besides the agent's own.
  public var functions: [HostFunction] = []
  /// Agents that the code can call, named in the prompt like functions.
  public var agents: [AgentAction] = []
  /// What initial actions may use of the host.
  public var services = ActionServices()

  /// Where the run's steps are noted, at level debug.
  public var logger = Logger(label: "dynasaur.agent")
  /// Whether traces hold the task, the code and what it did. Without it they hold counts alone.
  public var tracesContent = false

  /// Makes the default options.
  public init() {}
}

extension AgentOptions {
  /// The actions that fit a query best, best first.
  func actions(
    relevantTo query: String, limit: Int, in library: Library
  ) async throws -> [Action] {
    if let retrieve { return try await retrieve(query, limit) }
    return try await library.actions(relevantTo: query, limit: limit)
  }
}

extension RunSettings {
  init(_ options: AgentOptions) {
    self.init(
      maximumSteps: options.maximumSteps, temperature: options.temperature,
      observationLimit: options.observationLimit, maximumTokens: options.maximumTokens,
      maximumCost: options.maximumCost, maximumSeconds: options.maximumTime.map { $0 / .seconds(1) }
    )
  }
}
