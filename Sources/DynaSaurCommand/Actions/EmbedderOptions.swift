import ActionLibrary
import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation
import LanguageModels

/// With which model actions are found by meaning.
struct EmbedderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What finds actions by meaning: minilm, none (words alone), or the address of a service.",
      discussion: """
        Otherwise DYNASAUR_EMBEDDER, or minilm if its weights are installed (`dynasaur setup`). A \
        service speaks OpenAI's /embeddings, such as http://127.0.0.1:11434/v1; its key comes from \
        OPENAI_API_KEY.
        """, valueName: "minilm|none|url"))
  var embedder: String?

  @Option(
    name: .customLong("embedding-model"),
    help: ArgumentHelp("The service's model (default: text-embedding-3-small).", valueName: "id"))
  var embeddingModel: String?

  /// The embedders to open a library with; none when words alone decide.
  struct Choice {
    var embedders: [any Embedder] = []
    /// Why there is none, and what to do; nil when that was asked for.
    var reason: String?
    var service: ServiceEmbedder?

    /// Tells a person what a service was sent so far, and its price.
    func sayCost() {
      guard let service, service.usage.totalTokens > 0 else { return }
      let cost = service.cost().map { String(format: ", $%.6f", $0) } ?? ""
      StandardStream.error.print(
        "dynasaur: \(service.usage.totalTokens) tokens to \(service.identity.model)\(cost)")
    }
  }

  func validate() throws {
    if embeddingModel != nil, embedder == nil || embedder == "minilm" || embedder == "none" {
      throw ValidationError("--embedding-model goes with a service: name it with --embedder.")
    }
  }

  /// - Parameter environment: Where the weights are looked for first.
  /// - Throws: ``CommandFailure`` with `wrongUse` when what was asked for is not there.
  func choose(in environment: VirtualEnvironment?) throws -> Choice {
    let variables = ProcessInfo.processInfo.environment
    let named = embedder ?? variables["DYNASAUR_EMBEDDER"].flatMap { $0.isEmpty ? nil : $0 }
    switch named {
    case "none": return Choice()
    case nil, "minilm":
      guard let folder = Weights.folder(environment) else {
        let reason =
          "the weights of all-MiniLM-L6-v2 are not installed. `dynasaur setup` installs them."
        if named != nil { throw CommandFailure.wrongUse("There is no such model: \(reason)") }
        return Choice(reason: reason)
      }
      do {
        return Choice(embedders: [try MiniLMEmbedder(folder: folder)])
      } catch let error as LibraryError where named == nil {
        return Choice(reason: error.message)
      }
    case .some(let address):
      guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
        throw CommandFailure.wrongUse(
          "--embedder is minilm, none, or an address that begins with http; not '\(address)'.")
      }
      let hasKey = variables["OPENAI_API_KEY"].map { !$0.isEmpty } ?? false
      let model = try EmbeddingModel(
        embeddingModel ?? "text-embedding-3-small", baseURL: address,
        key: hasKey ? APIKey(environment: "OPENAI_API_KEY") : nil)
      let service = ServiceEmbedder(model)
      // Vectors that MiniLM made serve until the service's are there.
      let other = Weights.folder(environment).flatMap { try? MiniLMEmbedder(folder: $0) }
      return Choice(
        embedders: [service] + (other.map { [$0] } ?? []), reason: nil, service: service)
    }
  }
}

/// Where the weights of the embedded model are.
enum Weights {
  /// Their folder: in an environment, or in the user's own.
  static func folder(_ environment: VirtualEnvironment?) -> URL? {
    let user = UserFolders.data(ProcessInfo.processInfo.environment).map { $0 + "/venv" }
    return [environment?.path, user].lazy.compactMap(\.self)
      .compactMap { MiniLMEmbedder.folder(inEnvironment: $0) }.first
  }
}
