import Foundation
import LanguageModels
import PythonRuntime

/// Finds web pages through a search service.
public struct WebSearch: Sendable {
  /// A page that was found, or a direct answer, whose address may be empty.
  public struct Result: Sendable, Hashable {
    /// The page's title.
    public var title: String
    /// The page's address.
    public var address: String
    /// A piece of its text.
    public var snippet: String
  }

  /// The services that are known.
  public enum Provider: String, Sendable, Hashable, CaseIterable {
    /// Google's results by serpapi.com; `SERPAPI_API_KEY`.
    case serpAPI = "SerpAPI"
    /// api.search.brave.com; `BRAVE_API_KEY`.
    case brave = "Brave"
    /// api.tavily.com; `TAVILY_API_KEY`.
    case tavily = "Tavily"
    /// A SearXNG server of one's own; `SEARXNG_BASE_URL`.
    case searXNG = "SearXNG"

    /// The environment variable that holds its key or address.
    public var variable: String {
      switch self {
      case .serpAPI: "SERPAPI_API_KEY"
      case .brave: "BRAVE_API_KEY"
      case .tavily: "TAVILY_API_KEY"
      case .searXNG: "SEARXNG_BASE_URL"
      }
    }

    var baseURL: String {
      switch self {
      case .serpAPI: "https://serpapi.com"
      case .brave: "https://api.search.brave.com"
      case .tavily: "https://api.tavily.com"
      case .searXNG: ""
      }
    }
  }

  /// The service that is asked.
  public let provider: Provider
  private let service: WebService

  /// Uses a service.
  ///
  /// - Parameters:
  ///   - key: The service's key; SearXNG needs none.
  ///   - baseURL: Another server than the service's own; SearXNG has no own one.
  /// - Throws: ``ModelError`` with `missingKey` or `invalidRequest`.
  public init(_ provider: Provider, key: APIKey?, baseURL: String? = nil) throws {
    self.provider = provider
    let credential: WebService.Credential
    switch (provider, key) {
    case (.searXNG, _): credential = .none
    case (_, nil):
      throw ModelError(
        .missingKey, "\(provider.rawValue) needs a key: set \(provider.variable).")
    case (.serpAPI, let key?): credential = .parameter(name: "api_key", key: key)
    case (.brave, let key?):
      credential = .header(name: "X-Subscription-Token", prefix: "", key: key)
    case (.tavily, let key?):
      credential = .header(name: "Authorization", prefix: "Bearer ", key: key)
    }
    service = try WebService(
      baseURL: baseURL ?? provider.baseURL, credential: credential, timeout: .seconds(30))
  }

  /// The service whose variable is set in the environment, the first of ``Provider``; nil if none is.
  ///
  /// - Throws: ``ModelError`` when the variable holds no key or address.
  public static func fromEnvironment() throws -> WebSearch? {
    let variables = ProcessInfo.processInfo.environment
    for provider in Provider.allCases {
      guard let value = variables[provider.variable], !value.isEmpty else { continue }
      return provider == .searXNG
        ? try WebSearch(.searXNG, key: nil, baseURL: value)
        : try WebSearch(provider, key: APIKey(environment: provider.variable))
    }
    return nil
  }

  /// Pages for a query, best first.
  ///
  /// - Throws: ``ModelError`` or `CancellationError`.
  public func results(for query: String, limit: Int = 8) async throws -> [Result] {
    let found: [Result]
    switch provider {
    case .serpAPI:
      let reply = try await service.get(
        "/search.json", query: [("engine", "google"), ("q", query), ("num", String(limit))])
      found = Self.serpAPI(reply)
    case .brave:
      let reply = try await service.get(
        "/res/v1/web/search", query: [("q", query), ("count", String(min(limit, 20)))])
      found = Self.list(reply["web"]?["results"], title: "title", "url", "description")
    case .tavily:
      let body: JSONValue = [
        "query": .string(query), "max_results": .integer(min(limit, 20)), "include_answer": true,
      ]
      let reply = try await service.post(body, to: "/search")
      found =
        Self.answer(reply["answer"]) + Self.list(reply["results"], title: "title", "url", "content")
    case .searXNG:
      let reply = try await service.get("/search", query: [("q", query), ("format", "json")])
      let answers = (reply["answers"]?.array ?? []).flatMap {
        Self.answer($0.string == nil ? $0["answer"] : $0, address: $0["url"])
      }
      found = answers + Self.list(reply["results"], title: "title", "url", "content")
    }
    return Array(found.prefix(limit))
  }

  private static func serpAPI(_ reply: JSONValue) -> [Result] {
    let box = reply["answer_box"]
    let graph = reply["knowledge_graph"]
    return answer(box?["answer"] ?? box?["snippet"] ?? box?["result"], address: box?["link"])
      + answer(graph?["description"], title: graph?["title"], address: graph?["website"])
      + list(reply["organic_results"], title: "title", "link", "snippet")
  }

  private static func answer(
    _ text: JSONValue?, title: JSONValue? = nil, address: JSONValue? = nil
  ) -> [Result] {
    guard let text = text?.string, !text.isEmpty else { return [] }
    return [
      Result(
        title: title?.string ?? "Answer of the search engine", address: address?.string ?? "",
        snippet: text)
    ]
  }

  private static func list(
    _ items: JSONValue?, title: String, _ address: String, _ snippet: String
  ) -> [Result] {
    (items?.array ?? []).compactMap { item in
      guard let place = item[address]?.string, !place.isEmpty else { return nil }
      return Result(
        title: plain(item[title]?.string ?? place), address: place,
        snippet: plain(item[snippet]?.string ?? ""))
    }
  }

  /// Without the marks that services put around the query's words.
  private static func plain(_ text: String) -> String {
    text.replacing(/<\/?(?:strong|b|em)>/, with: "").replacing("&amp;", with: "&")
      .replacing("&#x27;", with: "'").replacing("&quot;", with: "\"")
  }

  /// `web_search`, as Python code calls it.
  var function: HostFunction {
    HostFunction(
      name: "__web_search__", signature: "(query: str, limit: int) -> list[dict[str, str]]",
      documentation: "Pages that a search service finds."
    ) { arguments in
      let found = try await results(
        for: arguments.value("query"), limit: min(max(arguments.value("limit"), 1), 50))
      return .list(
        found.map { result in
          .dictionary([
            .init(key: "title", value: .string(result.title)),
            .init(key: "address", value: .string(result.address)),
            .init(key: "snippet", value: .string(result.snippet)),
          ])
        })
    }
  }
}
