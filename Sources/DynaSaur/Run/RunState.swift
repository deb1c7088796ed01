import Foundation
import LanguageModels

/// Where a run stands: at its beginning, or where its trajectory ends.
struct RunState {
  /// The user's request.
  var task: String
  var conversation: Conversation
  var usage: RunUsage
  /// The number of the last step.
  var step = 0
  /// The step after which the limit of steps counts.
  var firstStep = 0
  /// The step before which the last plan was made.
  var plannedStep: Int?
  /// The code of the steps so far.
  var earlierCode: [String] = []
  var newActions: [String] = []
  var usedActions: [String] = []
  /// The time that the run has taken before.
  var elapsed = Duration.zero
  /// A reply that is there, and whose code has not begun to run.
  var openReply: ChatReply?
  /// The step that was under way when the run ended.
  var interruptedStep: Int?

  /// A run that begins.
  init(_ start: RunStart, agent: Agent, findPicture: Conversation.PictureFinder?) {
    task = start.task
    conversation = Conversation(
      maximumSteps: start.settings.maximumSteps, findPicture: findPicture)
    conversation.add(.start(start))
    let isPriced = agent.options.prices.price(of: agent.model.name) != nil
    usage = RunUsage(cost: isPriced ? 0 : nil)
  }

  /// A run that has come as far as its trajectory tells.
  init(_ trajectory: Trajectory, agent: Agent, findPicture: Conversation.PictureFinder?) {
    self.init(trajectory.start, agent: agent, findPicture: findPicture)
    let records = trajectory.records.withoutUndone
    for record in records.dropFirst() {
      conversation.add(record.body)
      follow(record.body)
    }
    if !trajectory.replies.isEmpty { usage = trajectory.usage }
    earlierCode = trajectory.steps.map(\.code)
    elapsed = Self.elapsed(trajectory.records)
  }

  private mutating func follow(_ body: TrajectoryRecord.Body) {
    switch body {
    case .reply(let reply) where reply.purpose == .step:
      step = reply.step ?? step
      openReply = ChatReply(
        text: reply.text, reasoning: reply.reasoning, finishReason: reply.finishReason,
        model: reply.model, usage: reply.tokens)
    case .reply(let reply) where reply.purpose == .plan: plannedStep = reply.step
    case .step(let begun):
      openReply = nil
      interruptedStep = begun.number
    case .observation:
      openReply = nil
      interruptedStep = nil
    case .resumption: interruptedStep = nil
    case .load(let load):
      for action in load.actions where !usedActions.contains(action.name) {
        usedActions.append(action.name)
      }
    case .admission(let report):
      if report.isAccepted, report.change != .none, !newActions.contains(report.name) {
        newActions.append(report.name)
      }
    case .message(let turn):
      task = turn.text
      firstStep = step
    default: break
    }
  }

  /// The time between the lines, without the pauses before a run was taken up again.
  private static func elapsed(_ records: [TrajectoryRecord]) -> Duration {
    var sum = 0.0
    for (earlier, later) in zip(records, records.dropFirst()) {
      if case .resumption = later.body { continue }
      if case .message = later.body { continue }
      sum += max(0, later.time.timeIntervalSince(earlier.time))
    }
    return .seconds(sum)
  }
}
