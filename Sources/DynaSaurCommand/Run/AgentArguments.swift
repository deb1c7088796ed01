import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation
import LanguageModels
import PythonRuntime

/// How an agent works: what `run`, `resume` and `chat` have in common.
struct AgentArguments: ParsableArguments {
  @OptionGroup var model: ModelOptions
  @OptionGroup var library: LibraryOptions
  @OptionGroup var embedder: EmbedderOptions

  @Option(
    name: .customLong("max-steps"), help: ArgumentHelp("The most steps (20).", valueName: "n"))
  var maximumSteps: Int?

  @Option(
    name: .customLong("max-tokens"),
    help: ArgumentHelp("The most tokens of the whole run.", valueName: "n"))
  var maximumTokens: Int?

  @Option(
    name: .customLong("max-cost"),
    help: ArgumentHelp("The most that the run may cost, in US dollars.", valueName: "dollars"))
  var maximumCost: Double?

  @Option(
    name: .customLong("max-time"),
    help: ArgumentHelp("How long the run may take.", valueName: "seconds"))
  var maximumTime: Double?

  @Option(help: ArgumentHelp("Stop the code of a step after this time.", valueName: "seconds"))
  var deadline = 120.0

  @Option(
    name: .customLong("context-tokens"),
    help: ArgumentHelp(
      "The most tokens of a request: older observations are shortened, then summarised (100000).",
      valueName: "n"))
  var contextTokens: Int?

  @Option(
    name: .customLong("plan-every"),
    help: ArgumentHelp("Ask for a plan before the first step and after every n.", valueName: "n"))
  var planEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Ask before code runs: every time (all), when it deletes files, reaches the network, starts "
        + "programs, installs or hides what it does (risky), or never (none).",
      valueName: "all|risky|none"))
  var approve = ApprovalScope.none

  @Flag(
    help:
      "Show pictures that code makes to the model, which must see them; offer describe_image.")
  var images = false

  @OptionGroup var services: ActionServiceOptions
  @OptionGroup var sessions: SessionOptions

  enum ApprovalScope: String, ExpressibleByArgument, CaseIterable {
    case all, risky, none

    var scope: Approval.Scope? {
      switch self {
      case .all: .all
      case .risky: .risky
      case .none: nil
      }
    }
  }

  func validate() throws {
    try Deadline.validate(deadline)
    if let maximumSteps, maximumSteps < 1 {
      throw ValidationError("There must be at least 1 step.")
    }
    if let maximumTokens, maximumTokens < 1 {
      throw ValidationError("The budget must be at least 1 token.")
    }
    if let maximumCost, !(maximumCost > 0 && maximumCost < 1e9) {
      throw ValidationError("The cost must be a number of dollars above 0.")
    }
    if let maximumTime, !(maximumTime > 0 && maximumTime <= 1e9) {
      throw ValidationError("The time must be a number of seconds above 0.")
    }
    if let contextTokens, contextTokens < 2_000 {
      throw ValidationError("A request needs at least 2000 tokens.")
    }
    if let planEvery, planEvery < 1 {
      throw ValidationError("--plan-every needs a number of steps of at least 1.")
    }
  }

  /// The agent that these arguments describe.
  ///
  /// - Parameters:
  ///   - opener: Opens its sessions.
  ///   - approval: Asks the user, if anything is to be asked.
  func makeAgent(opener: SessionOptions.Opener, approval: ApprovalPrompt?) async throws -> Agent {
    let answerer = try model.makeModel()
    let library = try await library.openForWriting(
      embedders: embedder.choose(in: opener.environment).embedders)
    var options = try await AgentOptions.common(
      model: model, answeredBy: answerer, images: images, services: services, opener: opener)
    if let maximumSteps { options.maximumSteps = maximumSteps }
    options.maximumTokens = maximumTokens
    options.maximumCost = maximumCost
    options.maximumTime = maximumTime.map { .seconds($0) }
    options.stepDeadline = .seconds(deadline)
    if let contextTokens { options.contextLimit = contextTokens }
    options.planningInterval = planEvery
    if let scope = approve.scope, let approval {
      options.approval = Approval(of: scope, decide: approval.decide)
    }
    return Agent(
      model: answerer, library: library,
      admission: Admission(runner: opener.admissionRunner),
      options: options,
      openSession: { try await opener.open(workspace: $0.path, lasts: true) })
  }
}

/// How a run is shown.
protocol RunView: Sendable {
  func show(_ event: AgentEvent)
  /// Draws nothing by itself until the next event.
  func pause()
  /// The run ended without an answer.
  func end(with error: any Error)
}

extension RunPrinter: RunView {
  func pause() { finish() }

  func end(with error: any Error) { fail() }
}

extension EventLines: RunView {
  func pause() {}
}
