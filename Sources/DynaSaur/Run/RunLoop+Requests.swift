import LanguageModels

extension RunLoop {
  /// Asks the model; nil if it had not answered by `end`.
  ///
  /// - Parameter messages: What it is asked; nil for the conversation.
  func ask(
    _ format: ChatRequest.ResponseFormat, for purpose: RequestPurpose,
    messages: [ChatMessage]? = nil, until end: ContinuousClock.Instant?
  ) async throws -> ChatReply? {
    let isOfStep = purpose == .step || purpose == .plan
    journal.show(.requested(step: isOfStep ? step : nil, purpose: purpose))
    if messages == nil { conversation.close() }
    let request = ChatRequest(
      messages: messages ?? conversation.messages, temperature: options.temperature,
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
    if messages == nil, let tokens = reply.usage, !tokens.isEstimated {
      learnTokenSize(tokens.promptTokens)
    }
    try await tell(.replied(reply, usage: usage), purpose: purpose)
    return reply
  }

  /// Asks for the next step; makes room first if the service says that the conversation is too long.
  func askForStep() async throws -> ChatReply? {
    do {
      return try await ask(StepFormat.format, for: .step, until: budget.end)
    } catch let error as ModelError where error.code == .contextExceeded {
      let last = conversation.lastCompactableStep(keeping: 1)
      guard last >= 1 else { throw error }
      try await tell(.compacted(Compaction(kind: .shortened, throughStep: last)))
      return try await ask(StepFormat.format, for: .step, until: budget.end)
    }
  }

  /// Learns from the service's count how long a token is.
  private func learnTokenSize(_ count: Int) {
    let guess = conversation.estimatedTokens(bytesPerToken: bytesPerToken)
    guard count > 500, guess > 0 else { return }
    bytesPerToken = min(max(bytesPerToken * Double(guess) / Double(count), 1), 8)
  }

  // MARK: - Plans

  /// Asks for a plan where one is due; false if the time ended first.
  func planIfDue() async throws -> Bool {
    let next = step + 1
    guard let interval = options.planningInterval, interval > 0, (next - 1) % interval == 0,
      plannedStep != next
    else { return true }
    plannedStep = next
    try await keep(.prompt(.init(purpose: .plan, text: PlanPrompt.text(beforeStep: next))))
    step = next
    defer { step = next - 1 }
    guard let reply = try await ask(.text, for: .plan, until: budget.end) else { return false }
    journal.show(.planned(reply.text))
    // Services take a conversation that ends with the model's own words as one to be continued.
    try await keep(.prompt(.init(purpose: .step, text: PlanPrompt.end(beforeStep: next))))
    return true
  }

  // MARK: - The end

  /// Asks for an answer without further code.
  func guess(_ limit: Limit) async throws -> Answer {
    func noAnswer(_ what: String) -> AgentError {
      AgentError(
        .noAnswer,
        "The \(limit.name) was reached before there was an answer\(what). Raise the limit, or ask for "
          + "less.")
    }
    guard options.guessesAtLimit else { throw noAnswer("") }
    try await keep(.prompt(.init(purpose: .guess, text: GuessPrompt.text(limit))))
    // Time that is over is over: a model that does not answer must not hold up the run for good.
    let end = budget.end.map { max($0, .now).advanced(by: .seconds(60)) }
    guard let reply = try await ask(GuessPrompt.format, for: .guess, until: end) else {
      throw noAnswer(", and no guess came in time")
    }
    let text = parser.guess(reply.text)
    guard !text.isEmpty else { throw noAnswer(", and the guess was empty") }
    return Answer(value: .string(text), isGuess: true, reachedLimit: limit)
  }

  /// The answer in the form that the options ask for.
  func inForm(_ answer: Answer) async throws -> Answer {
    guard let form = options.answerForm else { return answer }
    let text = AnswerFormPrompt.text(task: task, answer: answer.text, form: form)
    try await keep(.prompt(.init(purpose: .answerForm, text: text)))
    let end = budget.end.map { max($0, .now).advanced(by: .seconds(60)) }
    let reply = try await ask(
      GuessPrompt.format, for: .answerForm, messages: [.user(text)], until: end)
    guard let reply, case let formed = parser.guess(reply.text), !formed.isEmpty,
      formed != answer.text
    else { return answer }
    return Answer(
      value: .string(formed), isGuess: answer.isGuess, reachedLimit: answer.reachedLimit,
      submitted: answer.text)
  }

  // MARK: - Room

  /// The steps that are never compacted: the last ones.
  private static let recentSteps = 3

  /// Makes room in the conversation before it reaches its limit.
  func makeRoom() async throws {
    guard let limit = options.contextLimit else { return }
    func isOver(_ share: Double) -> Bool {
      Double(conversation.estimatedTokens(bytesPerToken: bytesPerToken)) > share * Double(limit)
    }
    let last = conversation.lastCompactableStep(keeping: Self.recentSteps)
    // Each compaction costs the provider's prompt cache, so it makes much room at once.
    guard isOver(0.8), last >= 1 else { return }
    conversation.close()
    try await tell(.compacted(Compaction(kind: .shortened, throughStep: last)))
    guard isOver(0.6) else { return }
    let text = SummaryPrompt.text(throughStep: last)
    try await keep(.prompt(.init(purpose: .summary, text: text)))
    var messages = conversation.messages
    // It ends with an observation, to which the request is added.
    let observation = messages.popLast()?.text ?? ""
    messages.append(.user(observation + "\n\n" + text))
    guard
      let reply = try await ask(.text, for: .summary, messages: messages, until: budget.end)
    else { return }
    try await tell(
      .compacted(Compaction(kind: .summarized, throughStep: last, summary: reply.text)))
  }
}
