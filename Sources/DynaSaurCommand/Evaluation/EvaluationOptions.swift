import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Evaluation
import Foundation
import LanguageModels
import PythonRuntime

/// What a run of a benchmark is: given by a person to `eval`, and by `eval` to the process of each task.
struct EvaluationOptions: ParsableArguments {
  @Argument(help: "The benchmark: gaia, math, aime, tabmwp, gpqa or tasks.")
  var benchmark: String

  @Option(help: ArgumentHelp("The file or folder of the benchmark's data.", valueName: "path"))
  var data: String

  @Option(help: ArgumentHelp("The folder of the run; one that is there goes on.", valueName: "dir"))
  var out: String

  @OptionGroup var model: ModelOptions

  @Flag(help: "Let functions that worked become actions that later tasks can use.")
  var accumulate = false

  @Option(
    help: ArgumentHelp(
      "A library whose actions can be used, and which does not change.", valueName: "path"))
  var frozen: String?

  @Option(
    help: ArgumentHelp(
      "With --accumulate: the library to begin with; it is copied.", valueName: "path"))
  var library: String?

  @Option(help: ArgumentHelp("How many tasks are run at once.", valueName: "n"))
  var parallel = 1

  @Option(help: ArgumentHelp("Only the first tasks.", valueName: "n"))
  var limit: Int?

  @Option(help: ArgumentHelp("How often each task is run.", valueName: "k"))
  var seeds = 1

  @Option(
    name: .customLong("max-cost"),
    help: ArgumentHelp("Stop when the whole run has cost this.", valueName: "dollars"))
  var maximumCost: Double?

  @Option(
    name: .customLong("max-tokens"),
    help: ArgumentHelp("Stop when the whole run has taken this.", valueName: "n"))
  var maximumTokens: Int?

  @Option(
    name: .customLong("task-tokens"),
    help: ArgumentHelp("The most tokens of one task.", valueName: "n"))
  var taskTokens: Int?

  @Option(
    name: .customLong("task-seconds"),
    help: ArgumentHelp("How long one task may take.", valueName: "seconds"))
  var taskSeconds: Double?

  @Option(
    name: .customLong("max-steps"),
    help: ArgumentHelp("The most steps of one task.", valueName: "n"))
  var maximumSteps = 20

  @Option(
    help: ArgumentHelp("Stop the code of a step after this time.", valueName: "seconds"))
  var deadline = 120.0

  @Option(help: ArgumentHelp("How freely the model chooses its words.", valueName: "t"))
  var temperature = 0.5

  @Option(
    help: ArgumentHelp(
      "dynasaur, or fixed-actions: the baseline that calls fixed actions with JSON and writes no code."
    ))
  var agent = AgentSettings.Kind.dynasaur

  @Option(help: ArgumentHelp("checked, or unchecked: every function that ran becomes an action."))
  var admission = AgentSettings.Admission.checked

  @Option(help: ArgumentHelp("standard, docstring (as published), alphabetical or none."))
  var retrieval = AgentSettings.Retrieval.standard

  @Option(
    name: .customLong("retrieval-limit"),
    help: ArgumentHelp("How many actions are offered for a task.", valueName: "k"))
  var retrievalLimit = 10

  @Flag(help: "Leave out the actions written by people, besides the one that submits the answer.")
  var noInitialActions = false

  @Flag(
    help: """
      As the published system: --admission unchecked --retrieval docstring --retrieval-limit 10.
      """)
  var asPublished = false

  @Option(
    help: ArgumentHelp("Another scorer than the reference (see `score --list`).", valueName: "name")
  )
  var scorer: String?

  @Option(
    help: ArgumentHelp(
      "The split: validation or test (gaia), test (math), test1k (tabmwp), diamond (gpqa).",
      valueName: "name"))
  var split: String?

  @Option(
    name: .customLong("option-order"),
    help: "How GPQA's options are drawn: baseline (the authors) or simple-evals.")
  var optionOrder = GPQAOptions.Order.baseline

  @Option(help: ArgumentHelp("What reports call the run.", valueName: "text"))
  var name: String?

  @Flag(help: "Run again the tasks that ended in an error, after all others.")
  var retryFailed = false

  @Flag(
    help:
      "Show pictures that code makes to the model, which must see them; offer describe_image.")
  var images = false

  @OptionGroup var embedder: EmbedderOptions
  @OptionGroup var services: ActionServiceOptions
  @OptionGroup var sessions: SessionOptions

  func validate() throws {
    try Deadline.validate(deadline)
    try Deadline.validate(taskSeconds)
    for (name, value) in [
      ("--parallel", parallel), ("--seeds", seeds), ("--max-steps", maximumSteps),
      ("--limit", limit ?? 1), ("--max-tokens", maximumTokens ?? 1),
      ("--task-tokens", taskTokens ?? 1),
    ] where value < 1 { throw ValidationError("\(name) must be at least 1.") }
    if retrievalLimit < 0 { throw ValidationError("--retrieval-limit must not be negative.") }
    if let maximumCost, !(maximumCost > 0) { throw ValidationError("--max-cost must be above 0.") }
    if accumulate, frozen != nil {
      throw ValidationError("Give either --accumulate or --frozen: a library grows or stays.")
    }
    if library != nil, !accumulate {
      throw ValidationError(
        "--library goes with --accumulate; to use a library as it is, --frozen.")
    }
  }

  // MARK: What they amount to

  /// The agent's settings.
  var settings: AgentSettings {
    var settings = AgentSettings()
    settings.kind = agent
    settings.accumulates = accumulate
    settings.admission = admission
    settings.retrieval = retrieval
    settings.retrievalLimit = retrievalLimit
    settings.hasInitialActions = !noInitialActions
    settings.maximumSteps = maximumSteps
    settings.taskTokens = taskTokens
    settings.taskSeconds = taskSeconds
    settings.stepSeconds = deadline
    settings.temperature = temperature
    if asPublished { settings.becomeAsPublished() }
    return settings
  }

  /// What bears on results besides the agent's settings, by option. Servers of tools as a digest, since
  /// their commands can hold keys; not the model's address: a model
  /// can move.
  var conditions: [String: String] {
    var conditions = sessions.conditions
    if !services.mcp.isEmpty {
      conditions["--mcp"] = Digest.of(services.mcp.joined(separator: " "))
    }
    if services.browser { conditions["--browser"] = "given" }
    if services.allowsInstallation { conditions["--allow-install"] = "given" }
    conditions["--transcription-model"] = services.transcriptionModel
    if images { conditions["--images"] = "given" }
    if !model.fallbackModels.isEmpty {
      conditions["--fallback-model"] = model.fallbackModels.joined(separator: " ")
    }
    conditions["--reasoning-effort"] = model.reasoningEffort?.rawValue
    conditions["--seed"] = model.seed.map { String($0) }
    return conditions
  }

  /// The file of scripted replies that `--model scripted:FILE` names.
  var script: URL? {
    guard let model = model.model, model.hasPrefix("scripted:") else { return nil }
    return URL(filePath: String(model.dropFirst("scripted:".count)))
  }
}

extension AgentSettings.Kind: ExpressibleByArgument {}
extension AgentSettings.Admission: ExpressibleByArgument {}
extension AgentSettings.Retrieval: ExpressibleByArgument {}
extension GPQAOptions.Order: ExpressibleByArgument {}
