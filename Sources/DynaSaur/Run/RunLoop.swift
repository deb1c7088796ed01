import ActionLibrary
import Foundation
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
  /// The user's request.
  let task: String
  let parser = ReplyParser()
  var conversation: Conversation
  var usage: RunUsage
  /// The number of the step that is under way, or was last.
  var step: Int
  /// The step that a limit counts from: steps of earlier turns of a chat are not this turn's.
  private let firstStep: Int
  /// Where it began.
  private let begun: RunState
  private var begunStep = 0
  private var observedStep = 0
  private var earlierCode: [String]
  private var malformedInARow = 0
  /// The step before which the last plan was made.
  var plannedStep: Int?
  var bytesPerToken = 4.0
  var risks = RiskFinder()
  private var newActions: [String] = []
  var usedActions: [String] = []

  var options: AgentOptions { agent.options }

  init(
    agent: Agent, budget: Budget, journal: Journal, requests: Requests, place: SessionPlace,
    state: RunState, admissions: AdmissionQueue?, telemetry: RunTelemetry
  ) {
    self.telemetry = telemetry
    self.agent = agent
    self.budget = budget
    self.journal = journal
    self.requests = requests
    self.place = place
    self.admissions = admissions
    task = state.task
    conversation = state.conversation
    usage = state.usage
    step = state.step
    firstStep = state.firstStep
    begun = state
    earlierCode = state.earlierCode
    plannedStep = state.plannedStep
    for code in state.earlierCode { _ = risks.risks(in: code) }
    newActions = state.newActions
    usedActions = state.usedActions
  }

  /// Works until the end of the task, and of what is decided beside it.
  ///
  /// - Parameter reply: A reply that was there before the run was taken up again, and is not run yet.
  func solve(beginningWith reply: ChatReply? = nil) async throws -> RunSummary {
    do {
      let answer = try await inForm(try await answer(beginningWith: reply))
      await admissions?.drain()
      try await recordAdmissions()
      let summary = RunSummary(
        answer: answer, steps: step - firstStep, usage: usage, duration: budget.elapsed,
        newActions: newActions, usedActions: usedActions)
      try await tell(.finished(summary))
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

  private func answer(beginningWith reply: ChatReply?) async throws -> Answer {
    if let reply, let answer = try await take(reply) { return answer }
    while true {
      try Task.checkCancellation()
      if let limit = budget.reachedLimit(steps: step - firstStep, usage: usage) {
        return try await guess(limit)
      }
      try await makeRoom()
      guard try await planIfDue() else { return try await guess(.time) }
      step += 1
      let reply: ChatReply?
      do {
        reply = try await askForStep()
      } catch {
        // A step that has no reply is none: the next turn of a chat has its number.
        step -= 1
        throw error
      }
      guard let reply else {
        step -= 1
        return try await guess(.time)
      }
      if let answer = try await take(reply) { return answer }
    }
  }

  /// Does what a reply says; the answer, if it submitted one that is accepted.
  private func take(_ reply: ChatReply) async throws -> Answer? {
    switch Result(catching: { () throws(MalformedReply) in try parser.parse(reply.text) }) {
    case .success(let content):
      malformedInARow = 0
      try await run(content)
    case .failure(let error): try await reject(reply, error)
    }
    return requests.answer.map { Answer(value: $0) }
  }

  /// Tells the model, in a chat, that its step was stopped: it has no observation otherwise.
  func closeStep() async throws {
    guard step > observedStep, begunStep == step else { return }
    let text = "The user stopped this step. What it had done until then has taken effect."
    try await tell(.observed(step: step, Step.Observation(text: text)))
  }

  /// Where the run stands now, for the next turn of a chat.
  var state: RunState {
    var state = begun
    state.conversation = conversation
    state.usage = usage
    state.step = step
    state.plannedStep = plannedStep
    state.earlierCode = earlierCode
    (state.newActions, state.usedActions) = (newActions, usedActions)
    return state
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

  // MARK: - Telling

  /// Tells an event: to the trajectory, to who watches, and to what the model is sent.
  func tell(_ event: AgentEvent, purpose: RequestPurpose = .step) async throws {
    let isOfStep = purpose == .step || purpose == .plan
    let body = try await journal.record(event, step: isOfStep ? step : nil, purpose: purpose)
    if let body { conversation.add(body) }
    switch body {
    case .step(let step):
      begunStep = step.number
      if options.approval != nil { earlierCode.append(step.code) }
    case .observation(let step, _): observedStep = step
    default: break
    }
  }

  /// Keeps a line that is no event.
  func keep(_ body: TrajectoryRecord.Body) async throws {
    try await journal.keep(body)
    conversation.add(body)
  }

  /// Tells an observation, and shows it to the model with what the library has decided.
  func show(_ observation: Step.Observation) async throws {
    try await tell(.observed(step: step, observation))
    if options.awaitsAdmission { await admissions?.drain() }
    try await recordAdmissions()
  }

  private func recordAdmissions() async throws {
    guard let reports = await admissions?.takeReports() else { return }
    for report in reports {
      try await tell(.admission(report))
      if report.isAccepted, report.change != .none, !newActions.contains(report.name) {
        newActions.append(report.name)
      }
    }
  }
}
