import ActionLibrary
import LanguageModels
import PythonRuntime

/// The loop of a run: ask, run, show, until there is an answer or a limit is reached.
///
/// Used by one task, that of the run.
final class RunLoop {
  let agent: Agent
  let budget: Budget
  let journal: Journal
  let requests: Requests
  let place: SessionPlace
  let admissions: AdmissionQueue?
  let telemetry: RunTelemetry
  private let parser = ReplyParser()
  private var conversation: Conversation
  private var usage: RunUsage
  private var steps = 0
  private var malformedInARow = 0
  private var newActions: [String] = []
  var usedActions: [String] = []

  var options: AgentOptions { agent.options }

  init(
    agent: Agent, budget: Budget, journal: Journal, requests: Requests, place: SessionPlace,
    start: RunStart, admissions: AdmissionQueue?, telemetry: RunTelemetry
  ) {
    self.telemetry = telemetry
    self.agent = agent
    self.budget = budget
    self.journal = journal
    self.requests = requests
    self.place = place
    self.admissions = admissions
    conversation = Conversation(system: start.systemPrompt, task: start.taskPrompt)
    let isPriced = agent.options.prices.price(of: agent.model.name) != nil
    usage = RunUsage(cost: isPriced ? 0 : nil)
  }

  /// Works until the end of the task, and of what is decided beside it.
  func solve() async throws -> RunSummary {
    do {
      let answer = try await answer()
      await admissions?.drain()
      _ = try await recordAdmissions()
      let summary = RunSummary(
        answer: answer, steps: steps, usage: usage, duration: budget.elapsed,
        newActions: newActions, usedActions: usedActions)
      try await journal.record(.finished(summary))
      return summary
    } catch let error as CancellationError {
      await admissions?.cancel()
      throw error
    } catch {
      // A function can be good though its task failed.
      await admissions?.drain()
      _ = try? await recordAdmissions()
      throw error
    }
  }

  private func answer() async throws -> Answer {
    while true {
      try Task.checkCancellation()
      if let limit = budget.reachedLimit(steps: steps, usage: usage) {
        return try await guess(limit)
      }
      steps += 1
      guard let reply = try await ask(StepFormat.format, step: steps, until: budget.end) else {
        steps -= 1
        return try await guess(.time)
      }
      conversation.addReply(reply.text)
      switch Result(catching: { () throws(MalformedReply) in try parser.parse(reply.text) }) {
      case .success(let content):
        malformedInARow = 0
        try await run(content)
      case .failure(let error): try await reject(reply, error)
      }
      if let answer = requests.answer { return Answer(value: answer) }
    }
  }

  // MARK: - Replies

  /// Asks the model; nil if it had not answered by `end`.
  private func ask(
    _ format: ChatRequest.ResponseFormat, step: Int?, until end: ContinuousClock.Instant?
  ) async throws -> ChatReply? {
    journal.show(.requested(step: step))
    let request = ChatRequest(
      messages: conversation.messages, temperature: options.temperature,
      maximumTokens: options.maximumReplyTokens,
      responseFormat: options.structuredReplies ? format : .text, seed: options.seed,
      reasoningEffort: options.reasoningEffort)
    let (model, journal) = (agent.model, journal)
    let reply = try await within(end) {
      try await model.reply(to: request) { event in
        switch event {
        case .text(let piece): journal.show(.text(piece))
        case .reasoning(let piece): journal.show(.reasoning(piece))
        case .restarted(let error, let delay):
          journal.show(.restarted(because: error, delay: delay))
        }
      }
    }
    guard let reply else { return nil }
    usage.add(reply, model: agent.model.name, prices: options.prices)
    try await journal.record(.replied(reply, usage: usage), step: step)
    return reply
  }

  /// Shows the model what was wrong with its reply.
  private func reject(_ reply: ChatReply, _ error: MalformedReply) async throws {
    malformedInARow += 1
    let text = ObservationText.ofMalformedReply(
      error.problem, wasCut: reply.finishReason == .length,
      structured: options.structuredReplies)
    try await show(Step.Observation(text: text, malformedReply: error.problem))
    guard malformedInARow < options.maximumMalformedReplies else {
      throw AgentError(
        .malformedReplies,
        "\(malformedInARow) replies of \(agent.model.name) in a row had no code in a form that can be "
          + "run. The last one: \(error.problem) Another model may follow instructions better.")
    }
  }

  /// Asks for an answer without further code.
  private func guess(_ limit: Limit) async throws -> Answer {
    func noAnswer(_ what: String) -> AgentError {
      AgentError(
        .noAnswer,
        "The \(limit.name) was reached before there was an answer\(what). Raise the limit, or ask for "
          + "less.")
    }
    guard options.guessesAtLimit else { throw noAnswer("") }
    conversation.addObservation(GuessPrompt.text(limit))
    // Time that is over is over: a model that does not answer must not hold up the run for good.
    let end = budget.end.map { max($0, .now).advanced(by: .seconds(60)) }
    guard let reply = try await ask(GuessPrompt.format, step: nil, until: end) else {
      throw noAnswer(", and no guess came in time")
    }
    let text = parser.guess(reply.text)
    guard !text.isEmpty else { throw noAnswer(", and the guess was empty") }
    return Answer(value: .string(text), isGuess: true, reachedLimit: limit)
  }

  // MARK: - Observations

  /// Tells an observation, and shows it to the model with what the library has decided.
  func show(
    _ observation: Step.Observation, images: [ExecutionResult.OutputImage] = []
  ) async throws {
    try await journal.record(.observed(step: steps, observation))
    if options.awaitsAdmission { await admissions?.drain() }
    let reports = try await recordAdmissions()
    let head = ObservationText.head(step: steps, of: options.maximumSteps)
    let news = LibraryNews.text(reports).map { "\n\n" + $0 } ?? ""
    conversation.addObservation(
      "\(head)\n\n\(observation.text)\(news)", images: options.showsImages ? images : [])
  }

  private func recordAdmissions() async throws -> [AdmissionReport] {
    guard let reports = await admissions?.takeReports() else { return [] }
    for report in reports {
      try await journal.record(.admission(report))
      if report.isAccepted, report.change != .none, !newActions.contains(report.name) {
        newActions.append(report.name)
      }
    }
    return reports
  }

  /// The number of the step that is under way.
  var step: Int { steps }
}
