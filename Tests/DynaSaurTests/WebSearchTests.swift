import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Testing

@testable import DynaSaur

/// Search services, against servers that answer in their formats.
@Suite struct WebSearchTests {
  /// Answers in the form of each service, as their references describe it.
  private static func reply(_ request: LoopbackServer.Request) -> [LoopbackServer.Move] {
    switch request.path.split(separator: "?").first {
    case "/search.json":
      return .response(
        text:
          """
          {"search_metadata": {"status": "Success"}, "answer_box": {"type": "organic_result",
           "answer": "1,345 m", "link": "https://a.example/box"},
           "organic_results": [{"position": 1, "title": "Ben Nevis", "link": "https://a.example/1",
           "snippet": "The highest mountain"}, {"position": 2, "title": "No snippet",
           "link": "https://a.example/2"}]}
          """)
    case "/res/v1/web/search":
      return .response(
        text:
          """
          {"type": "search", "web": {"type": "search", "results": [{"title": "Ben <strong>Nevis</strong>",
           "url": "https://b.example/1", "description": "The &quot;highest&quot; mountain"}]}}
          """)
    case "/search" where request.method == "POST":
      return .response(
        text:
          """
          {"query": "q", "answer": "1,345 metres.", "results": [{"title": "Ben Nevis",
           "url": "https://t.example/1", "content": "The highest mountain", "score": 0.98}]}
          """)
    case "/search":
      return .response(
        text:
          """
          {"query": "q", "number_of_results": 0, "answers": [{"answer": "1345", "url": "https://s.example/a"}],
           "results": [{"title": "Ben Nevis", "url": "https://s.example/1", "content": "The highest"}]}
          """)
    default: return .missing
    }
  }

  private static func key(_ name: String = "SEARCH_TEST_KEY") throws -> APIKey {
    setenv(name, "a+secret&key", 1)
    return try APIKey(environment: name)
  }

  @Test(arguments: WebSearch.Provider.allCases)
  func resultsAreRead(provider: WebSearch.Provider) async throws {
    let server = try LoopbackServer(answering: Self.reply)
    let search = try WebSearch(
      provider, key: provider == .searXNG ? nil : Self.key(), baseURL: server.address)
    let found = try await search.results(for: "height & width of Ben Nevis", limit: 5)
    let page = try #require(found.first { $0.title == "Ben Nevis" })
    #expect(page.address.hasSuffix(".example/1") && page.snippet.contains("highest"))
    #expect(!page.snippet.contains("&"))
    if provider != .brave { #expect(found.first?.snippet.contains("345") == true) }
    let request = try #require(server.requests.last)
    switch provider {
    case .serpAPI:
      #expect(request.parameter("q") == "height & width of Ben Nevis")
      #expect(request.parameter("api_key") == "a+secret&key")
    case .brave: #expect(request.headers["x-subscription-token"] == "a+secret&key")
    case .tavily:
      #expect(request.headers["authorization"] == "Bearer a+secret&key")
      let body = request.body
      #expect(body["query"]?.string == "height & width of Ben Nevis")
    case .searXNG: #expect(request.parameter("format") == "json")
    }
  }

  @Test func aServiceThatRefusesIsClearAndKeepsTheKeySecret() async throws {
    let server = try LoopbackServer { request in
      .response(401, text: #"{"error": "Invalid API key: a+secret&key"}"#)
    }
    let search = try WebSearch(.serpAPI, key: Self.key(), baseURL: server.address)
    do {
      _ = try await search.results(for: "x")
      Issue.record("it did not fail")
    } catch let error as ModelError {
      #expect(error.code == .unauthorized)
      #expect(error.message.contains("Invalid API key"))
      #expect(!error.message.contains("a+secret&key"))
    }
  }

  @Test func withoutAKeyAServiceSaysWhichVariableToSet() throws {
    do {
      _ = try WebSearch(.brave, key: nil)
      Issue.record("it did not fail")
    } catch let error as ModelError {
      #expect(error.message.contains("BRAVE_API_KEY"))
    }
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
  func codeSearchesAndOpensWhatItFinds() async throws {
    let site = try LoopbackServer { $0.path == "/robots.txt" ? .missing : .html("<h1>Found</h1>") }
    let engine = try LoopbackServer { _ in
      .response(
        text:
          """
          {"results": [{"title": "Gone", "url": "http://127.0.0.1:1/", "content": ""},
                       {"title": "Here", "url": "\(site.address)/page", "content": "It is."}]}
          """)
    }
    let network = WorkerPolicy.Network.hosts(["127.0.0.1:\(site.port)"])
    let session = try await WorkerSession(
      options: .init(
        policy: .init(name: "test", network: network),
        virtualEnvironment: ProcessInfo.processInfo.environment["DYNASAUR_VENV"]))
    let options = try AgentOptions.changed {
      $0.services.network = network
      $0.services.search = try WebSearch(.searXNG, key: nil, baseURL: engine.address)
    }
    try await InitialActions(for: Agent(model: script(), options: options), requests: Requests())
      .install(in: session)
    let result = try await session.execute(
      "(informational_web_search('x', limit=2)[1], navigational_web_search('x'))",
      deadline: .seconds(60))
    #expect(
      result.display?.contains(
        "{'title': 'Here', 'address': '\(site.address)/page', 'snippet': 'It is.'}") == true,
      "\(String(describing: result.exception))")
    #expect(result.display?.contains("# Found") == true)
    await session.close()
  }

  /// The package without a key takes what it is given here.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
  func thePackageForSearchesWithoutAKeyIsCalledAsItIsMade() async throws {
    let network = WorkerPolicy.Network.hosts(["127.0.0.1:1"])
    let session = try await WorkerSession(
      options: .init(
        policy: .init(name: "test", network: network),
        virtualEnvironment: ProcessInfo.processInfo.environment["DYNASAUR_VENV"]))
    let options = AgentOptions.changed { $0.services.network = network }
    try await InitialActions(for: Agent(model: script(), options: options), requests: Requests())
      .install(in: session)
    let result = try await session.execute(
      """
      import ddgs, inspect
      inspect.signature(ddgs.DDGS).bind(proxy='http://x', timeout=20)
      inspect.signature(ddgs.DDGS.text).bind(None, 'query', max_results=3)
      class Fake:
          def __init__(self, proxy, timeout): assert '@127.0.0.1:' in proxy
          def text(self, query, max_results): return [{'title': query, 'href': 'https://d.example', 'body': 'b'}]
      ddgs.DDGS = Fake
      informational_web_search('cats')
      """, deadline: .seconds(60))
    #expect(
      result.display == "[{'title': 'cats', 'address': 'https://d.example', 'snippet': 'b'}]",
      "\(String(describing: result.exception))")
    await session.close()
  }
}
