import ActionLibrary
import PythonRuntime

/// What the code of every session of a run has from the start: initial actions, what the host gives them,
/// and the functions that the app adds.
struct InitialActions: Sendable {
  /// Functions that Swift implements.
  let functions: [HostFunction]
  /// Whom actions that read web pages may talk to.
  private let network: WorkerPolicy.Network
  /// Keeps what the functions give; nil if the run is not kept.
  let recorder: HostCallRecorder?
  /// Initial actions that Python implements.
  private(set) var python: [InitialAction]
  /// One line for each that the prompt names. The others are found by `get_relevant_actions`.
  let pinned: [String]

  /// - Parameters:
  ///   - agents: Functions that run other agents.
  ///   - recorder: Keeps what the functions give; nil if the run is not kept.
  init(
    for agent: Agent, requests: Requests, agents: [HostFunction] = [],
    recorder: HostCallRecorder? = nil
  ) {
    let find = agent.library.map { library -> ActionFinder in
      { query, limit in
        let actions = try await agent.options.actions(
          relevantTo: query, limit: limit, in: library)
        requests.note(query, actions)
        // What a person must allow is loaded where a step names it, for it is then asked about.
        let callable = actions.filter {
          agent.options.approval == nil || !$0.hasRiskyEffects
        }
        return FoundActions(
          summaries: actions.map(\.summary), offers: try await library.offers(of: callable))
      }
    }
    self.init(
      agent.options, agents: agents, submit: requests.submit, find: find, recorder: recorder)
  }

  /// Those of a run that is replayed.
  ///
  /// - Parameters:
  ///   - calls: What its functions gave.
  ///   - asksAgain: Whether the functions and the network of `options` are used instead, where the run
  ///     had them.
  init(
    replaying trajectory: Trajectory, _ calls: ReplayedCalls, _ options: AgentOptions,
    asksAgain: Bool
  ) {
    let live = asksAgain ? options.functions + options.services.functions : []
    network = asksAgain ? options.services.network : .none
    let replaced = network == .none ? [] : WebAccess.names
    var given = trajectory.hostFunctions.filter { !replaced.contains($0.name) }.map { reference in
      live.first { $0.name == reference.name } ?? calls.function(reference)
    }
    // Where it was: after the app's, before those behind initial actions.
    let place =
      given.firstIndex { $0.name.hasPrefix("__") && $0.name != Self.finderName } ?? given.endIndex
    given.insert(Self.submission { _ in }, at: place)
    functions = given
    let taken = Set(given.map(\.name))
    python =
      options.offersInitialActions
      ? InitialAction.all.filter { $0.module != nil && !taken.contains($0.name) } : []
    // Runs of former versions had the search itself as a function of the host.
    if taken.contains(Self.finderName) { python.append(Self.search) }
    pinned = []
    recorder = nil
  }

  /// Finds actions of the library.
  typealias ActionFinder = @Sendable (_ query: String, _ limit: Int) async throws -> FoundActions

  /// - Parameters:
  ///   - submit: Takes an answer.
  ///   - find: nil if there is no library.
  init(
    _ options: AgentOptions, agents: [HostFunction] = [],
    submit: @escaping @Sendable (PythonValue) -> Void, find: ActionFinder?,
    recorder: HostCallRecorder? = nil
  ) {
    let services = options.services
    network = services.network
    // An app's function takes the place of an initial action of its name.
    let taken = Set((options.functions + agents).map(\.name))
    let all =
      options.offersInitialActions ? InitialAction.all.filter { !taken.contains($0.name) } : []
    let usable = all.filter { services.serve($0.name) }
    python = all.filter { $0.module != nil } + (find == nil ? [] : [Self.search])
    let own = [Self.submission(submit)]
    let finding = find.map { [Self.retrieval($0, usable)] } ?? []
    self.recorder = recorder
    func kept(_ functions: some Sequence<HostFunction>) -> [HostFunction] {
      functions.map { recorder?.recording($0) ?? $0 }
    }
    // The agent's own after the app's: without them no run could end. Who submits is given nothing.
    functions =
      kept(options.functions + agents + finding) + own
      + kept(options.offersInitialActions ? services.functions : [])
    let hasSearch = find != nil
    let named = usable.filter { action in
      // Without a search none would be found that is not named.
      action.module != nil && (!hasSearch || Self.pinnedNames.contains(action.name))
    }
    pinned =
      own.map(\.summary) + (hasSearch ? [Self.search.summary] : []) + named.map(\.summary)
      + (options.functions + agents).map(\.summary)
  }

  /// Those that most tasks need first.
  private static let pinnedNames: Set = [
    "inspect_file_as_text", "describe_image", "transcribe_audio", "install_package",
    "informational_web_search", "navigational_web_search", "visit_page", "page_down", "page_up",
    "find_on_page", "find_next", "find_archived_url", "download_file",
  ]

  /// Puts them into a session. Again after the session's process was replaced, the session does so
  /// itself.
  func install(in session: any Session) async throws {
    for function in functions { try await session.define(function) }
    if network != .none {
      try await session.define(WebAccess.proxy(for: session, network: network))
      if let recorder { try await session.define(WebAccess.record(by: recorder)) }
    }
    let module = try await session.value(of: "__name__")
    let list = python.map { action in
      PythonValue.tuple([
        .string(action.name), .string(action.module ?? ""), .string(action.documentation),
      ])
    }
    try await session.prepare(
      calling: "dynasaur_actions.session:install", arguments: [module, .list(list)])
  }

  /// What code can call of the host, apart from submitting an answer, in the order of its definition.
  var references: [Trajectory.HostFunctionReference] {
    let web = network == .none ? [] : [WebAccess.proxy(at: "")] + [recorder.map(WebAccess.record)]
    return (functions.filter { $0.name != Self.submissionName } + web.compactMap(\.self))
      .map(Trajectory.HostFunctionReference.init)
  }

  /// Keeps what the functions are, unless `earlier` lines of the file say the same.
  func tell(_ journal: Journal, besides earlier: Trajectory? = nil) async throws {
    let references = references
    guard references != earlier?.hostFunctions ?? [] else { return }
    try await journal.keep(.functions(references))
  }

  // MARK: - The agent's own
  //
  // They are functions of the host: a call reaches it wherever it stands in the code, indented,
  // assigned, inside of another call, in a function that the code defines.

  private static let submissionName = "submit_final_answer"

  private static func submission(
    _ submit: @escaping @Sendable (PythonValue) -> Void
  ) -> HostFunction {
    HostFunction(.named(submissionName)) { arguments in
      submit(arguments["answer"])
      return .none
    }
  }

  private static let finderName = "__find_actions__"

  /// The action that asks the function below, and lets what it finds be called at once.
  private static let search: InitialAction = {
    var action = InitialAction.named("get_relevant_actions")
    action.module = "dynasaur_actions.retrieval"
    return action
  }()

  private static func retrieval(
    _ find: @escaping ActionFinder, _ initial: [InitialAction]
  ) -> HostFunction {
    HostFunction(
      name: finderName, signature: "(query: str, limit: int) -> tuple[list[str], str]",
      documentation: "Find actions: a line for each, and what is needed to load them."
    ) { arguments in
      let query = try arguments.value("query", as: String.self)
      let limit = min(max(try arguments.value("limit", as: Int.self), 0), 100)
      let found = try await find(query, limit)
      // The agent's own actions first: they grew out of tasks like this one.
      let more = InitialAction.relevant(to: query, among: initial, limit: min(5, limit))
      let lines = (found.summaries + more.map(\.summary)).map(PythonValue.string)
      return .tuple([.list(lines), .string(found.offers)])
    }
  }
}

/// What a search for actions gives the code that asked.
struct FoundActions: Sendable {
  /// One line for each.
  var summaries: [String]
  /// What it takes to load those that may be called at once; see `Library.offers(of:)`.
  var offers = "[]"
}

extension Action {
  /// Whether it does something that people want to be asked about.
  var hasRiskyEffects: Bool {
    effects.contains { ["write", "network", "process"].contains($0.kind) }
  }
}

extension ActionServices {
  /// The functions of the host behind the actions.
  var functions: [HostFunction] {
    [
      network == .none ? nil : search?.function,
      network == .none ? nil : browser?.function(network: network),
      vision.map(ImageDescription.function), transcription.map(SpeechRecognition.function),
      textRecognition?.function, packages?.function,
    ].compactMap(\.self)
  }

  /// Whether an initial action can do its work.
  func serve(_ name: String) -> Bool {
    switch name {
    case "describe_image": vision != nil
    case "transcribe_audio": transcription != nil
    case "read_image_text": textRecognition != nil
    case "install_package": packages != nil
    default: network != .none || !Self.webActions.contains(name)
    }
  }

  private static let webActions = Set(
    InitialAction.all.filter {
      ["dynasaur_actions.browsing", "dynasaur_actions.search"].contains($0.module)
    }.map(\.name))
}

extension HostFunction {
  /// The function behind an initial action that Swift implements.
  init(
    _ action: InitialAction,
    body: @escaping @Sendable (HostArguments) async throws -> PythonValue
  ) {
    self.init(
      name: action.name, signature: action.signature, documentation: action.documentation,
      body: body)
  }

  /// One line for the prompt: `name(parameters) -> type: first line of the docstring`.
  var summary: String {
    let line = documentation.split(separator: "\n").first.map { ": \($0)" } ?? ""
    return name + signature + line
  }
}
