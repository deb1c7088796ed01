import ArgumentParser
import DynaSaur
import Foundation
import LanguageModels
import PythonRuntime

/// What initial actions may use of this machine, and of services.
struct ActionServiceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An MCP server whose tools become actions (repeatable): a command, or an address.",
      discussion: """
        It runs with your rights: connect servers that you trust. Example: --mcp 'uvx weather-server' \
        --mcp http://127.0.0.1:8000/mcp
        """, valueName: "server"))
  var mcp: [String] = []

  @Flag(
    help: "Let pages that need JavaScript be made by Chromium, outside of the confined process.")
  var browser = false

  @Option(
    name: .customLong("transcription-model"),
    help: ArgumentHelp(
      "A model that writes down speech, such as whisper-1, on the model's server.", valueName: "id")
  )
  var transcriptionModel: String?

  @Flag(
    name: .customLong("allow-install"),
    help:
      "Let code ask for Python packages, which go into a folder of the session (install_package).")
  var allowsInstallation = false

  /// Whether anything was asked for.
  var isUsed: Bool {
    !mcp.isEmpty || browser || transcriptionModel != nil || allowsInstallation
  }

  /// Sets what was asked for.
  ///
  /// - Parameters:
  ///   - baseURL: The model's server, if one was named.
  ///   - network: What the policy of the session lets it reach.
  ///   - virtualEnvironment: Whose pip fetches packages.
  func apply(
    to options: inout AgentOptions, baseURL: String?, network: WorkerPolicy.Network,
    virtualEnvironment: String
  ) async throws {
    options.services.network = network
    if network != .none { options.services.search = try WebSearch.fromEnvironment() }
    if browser {
      guard network != .none else {
        throw CommandFailure.wrongUse("--browser needs a network: add --policy network.")
      }
      guard let browser = Browser() else {
        throw CommandFailure.wrongUse(
          "--browser needs Chromium, which is not installed. Run: dynasaur setup --with browser")
      }
      options.services.browser = browser
    }
    if let transcriptionModel {
      let variables = ProcessInfo.processInfo.environment
      let server = baseURL ?? variables["OPENAI_BASE_URL"]
      let key =
        variables["OPENAI_API_KEY"]?.isEmpty == false
        ? try APIKey(environment: "OPENAI_API_KEY") : nil
      guard server != nil || key != nil else {
        throw CommandFailure.wrongUse(
          "--transcription-model needs a server: set OPENAI_API_KEY, or name one with --base-url.")
      }
      options.services.transcription = try TranscriptionModel(
        transcriptionModel, baseURL: server ?? OpenAIModel.defaultBaseURL, key: key)
    }
    if allowsInstallation {
      options.services.packages = .confined(virtualEnvironment: virtualEnvironment)
    }
    var names: Set<String> = []
    for server in mcp {
      let functions = try await connect(server).functions(besides: names)
      names.formUnion(functions.map(\.name))
      options.functions += functions
    }
  }

  private func connect(_ server: String) async throws -> MCPServer {
    do {
      if server.hasPrefix("http://") || server.hasPrefix("https://") {
        return try await MCPServer(address: server)
      }
      let words = try Self.words(of: server)
      guard let command = words.first else {
        throw CommandFailure.wrongUse("--mcp is empty: name a command or an address.")
      }
      return try await MCPServer(command: command, arguments: Array(words.dropFirst()))
    } catch let error as AgentError {
      throw CommandFailure.wrongUse(error.message)
    }
  }

  /// The words of a command, as a shell divides them: quotes and backslashes keep spaces.
  static func words(of command: String) throws -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var characters = command.makeIterator()
    while let character = characters.next() {
      switch character {
      case "\\" where quote != "'": word = (word ?? "") + (characters.next().map(String.init) ?? "")
      case _ where character == quote: quote = nil
      case _ where quote == nil && (character == "'" || character == "\""):
        (quote, word) = (character, word ?? "")
      case _ where character.isWhitespace && quote == nil:
        if let whole = word { words.append(whole) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    guard quote == nil else {
      throw CommandFailure.wrongUse("A quotation mark of --mcp is not closed: \(command)")
    }
    return words + (word.map { [$0] } ?? [])
  }
}
