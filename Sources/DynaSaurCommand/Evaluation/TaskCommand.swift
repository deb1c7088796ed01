import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Evaluation
import Foundation
import LanguageModels

/// `dynasaur eval-task`: the process of one task of an evaluation.
struct TaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval-task", abstract: "Solve one task of an evaluation: JSON in, JSON out.",
    shouldDisplay: false)

  @OptionGroup var options: EvaluationOptions

  func run() async throws {
    let output = StandardStream.reserveOutput()
    let job = try TaskConversation.job(endingWith: CommandFailure.interrupted)
    let opener = try options.sessions.opener()
    let replies = try options.script.map { try ScriptedReplies(contentsOf: $0) }
    let model =
      try replies?.model(for: job.task.id, seed: job.seed) ?? options.model.makeModel()
    var agentOptions = try await AgentOptions.common(
      model: options.model, answeredBy: model, images: options.images, services: options.services,
      opener: opener)
    // Repetitions with one seed would be one run.
    agentOptions.seed = options.model.seed.map { $0 + job.seed }
    if let replies { agentOptions.prices.prices.merge(replies.prices.prices) { $1 } }
    let runner = TaskRunner(
      model: model, options: agentOptions,
      embedders: try options.embedder.choose(in: opener.environment).embedders,
      openSession: { try await opener.open(workspace: $0.path, lasts: true) },
      admissionRunner: opener.admissionRunner)
    output.print(try TaskConversation.line(try await runner.outcome(of: job)))
  }
}
