import DynaSaur
import LanguageModels

extension AgentOptions {
  /// What every agent of the command line is given alike: by `run`, by `chat`, and by `eval` in each
  /// task's process.
  ///
  /// - Parameters:
  ///   - answerer: The model that `model` names, or one that stands in its place.
  ///   - images: Whether it sees pictures.
  ///   - opener: Opens the agent's sessions.
  static func common(
    model: ModelOptions, answeredBy answerer: any LanguageModel, images: Bool,
    services: ActionServiceOptions, opener: SessionOptions.Opener
  ) async throws -> AgentOptions {
    var options = AgentOptions()
    options.prices = try model.priceTable()
    options.reasoningEffort = model.reasoningEffort
    options.seed = model.seed
    options.showsImages = images
    if images { options.services.vision = answerer }
    try await services.apply(
      to: &options, baseURL: model.baseURL, network: opener.network,
      virtualEnvironment: opener.environment.path)
    return options
  }
}
