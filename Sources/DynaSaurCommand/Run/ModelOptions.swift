import ArgumentParser
import Foundation
import LanguageModels

/// Which model answers.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model's name as its service knows it (default: DYNASAUR_MODEL, or gpt-4o-mini).",
      valueName: "id"))
  var model: String?

  @Option(
    name: .customLong("base-url"),
    help: ArgumentHelp(
      "A server that speaks chat completions, such as http://127.0.0.1:11434/v1.",
      discussion: """
        Otherwise OPENAI_BASE_URL, or OpenAI's own. The key comes from OPENAI_API_KEY; a server \
        named here needs none. Models whose names begin with claude- are asked at Anthropic, with \
        ANTHROPIC_API_KEY, unless a server is named.
        """, valueName: "url"))
  var baseURL: String?

  /// The model.
  ///
  /// - Throws: `ModelError` with `missingKey` or `invalidRequest`: wrong use.
  func makeModel() throws -> any LanguageModel {
    let variables = ProcessInfo.processInfo.environment
    func variable(_ name: String) -> String? {
      variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    let name = model ?? variable("DYNASAUR_MODEL") ?? "gpt-4o-mini"
    guard !name.isEmpty else { throw CommandFailure.wrongUse("The model's name is empty.") }
    if let server = baseURL ?? variable("OPENAI_BASE_URL") {
      let key = try variable("OPENAI_API_KEY").map { _ in
        try APIKey(environment: "OPENAI_API_KEY")
      }
      return try OpenAIModel(name, baseURL: server, key: key)
    }
    if name.hasPrefix("claude-") {
      return try AnthropicModel(name, key: APIKey(environment: "ANTHROPIC_API_KEY"))
    }
    guard variable("OPENAI_API_KEY") != nil else {
      throw CommandFailure.wrongUse(
        "There is no key: set OPENAI_API_KEY to the key of OpenAI, or name another server with "
          + "--base-url.")
    }
    return try OpenAIModel(name, key: APIKey(environment: "OPENAI_API_KEY"))
  }
}
