import Foundation
import LoopbackServers
import PythonRuntime

@testable import DynaSaur

/// A web site whose pages are of all kinds, and long. Each holds numbered words, in order, each once.
enum BrowsedSite {
  /// The words of a page of this name.
  static func words(of name: String) -> [String] {
    (1...2500).map { "\(name)\($0)" }
  }

  /// The paths of the pages, with the letter that their words begin with.
  static let kinds: [(path: String, letter: String)] = [
    ("/paragraphs", "pa"), ("/one-line", "on"), ("/broken", "br"), ("/wrong-charset", "wr"),
    ("/no-charset", "no"), ("/table", "ta"), ("/code", "co"), ("/list", "li"), ("/wide", "wi"),
    ("/document.pdf", "do"), ("/plain.txt", "pl"), ("/data.json", "da"), ("/moved", "pa"),
    ("/nested", "ne"), ("/entities", "en"),
  ]

  static func answer(_ request: LoopbackServer.Request) -> [LoopbackServer.Move] {
    let path = request.path.split(separator: "?").first.map(String.init) ?? ""
    let letter = kinds.first { $0.path == path }?.letter ?? ""
    let words = letter.isEmpty ? [] : words(of: letter)
    switch path {
    case "/search":
      let query = request.parameter("q") ?? ""
      let found = kinds.filter { $0.path.contains(query) }
      return .html(
        "<title>Results for \(query)</title><form action=/search><input name=q></form><ol>"
          + found.map { "<li><a href='\($0.path)?from=search'>About \($0.path)</a>" }.joined()
          + "</ol><a href='/search?q=\(query)&page=2'>Next</a>")
    case "/paragraphs": return .html(words.map { "<p>\($0)" }.joined(separator: "\n"))
    case "/one-line": return .html("<p>" + words.joined(separator: " ") + "</p>")
    case "/broken":
      return .html(
        "<html><body><div><b>" + words.map { "<p><i>\($0)</b><td>" }.joined() + "</table><script>")
    case "/wrong-charset":
      // It says that it is UTF-8, and is not.
      let text = words.map { "<p>\($0) Straße" }.joined()
      return .response(
        type: "text/html; charset=utf-8",
        body: Array("<meta charset=iso-8859-1>".utf8) + latin(text))
    case "/no-charset":
      return .response(type: "text/html", body: latin(words.map { "<p>\($0) Größe" }.joined()))
    case "/table":
      return .html(
        "<table><tr><th>a<th>b</tr>"
          + pairs(words).map { "<tr><td>\($0)<td>\($1)</tr>" }.joined() + "</table>")
    case "/code": return .html("<pre>" + words.map { "  \($0)\n\n" }.joined() + "</pre>")
    case "/list": return .html("<ul>" + words.map { "<li>\($0)" }.joined() + "</ul>")
    case "/wide":
      // No place to cut, and letters of several units.
      return .html("<p>" + words.joined(separator: "𝄞é👩‍👩‍👧") + "</p>")
    case "/document.pdf": return .response(type: "application/pdf", body: pdf(words))
    case "/plain.txt":
      return .response(type: "text/plain; charset=nonsense", text: words.joined(separator: "\n"))
    case "/data.json":
      return .response(text: "[" + words.map { "\"\($0)\"" }.joined(separator: ",") + "]")
    case "/moved": return .redirect(to: "/moved/again", status: 301)
    case "/moved/again": return .redirect(to: "../paragraphs", status: 307)
    case "/nested":
      return .html(
        words.map { "<div><p>\($0)</p>" }.joined()
          + String(repeating: "</div>", count: words.count))
    case "/entities": return .html(words.map { "<p>&lt;\($0)&gt;&nbsp;&amp;" }.joined())
    default: return .missing
    }
  }

  private static func latin(_ text: String) -> [UInt8] {
    Array(text.data(using: .isoLatin1) ?? Data())
  }

  private static func pairs(_ words: [String]) -> [(String, String)] {
    stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) }
  }

  /// A PDF document with these words, 50 lines a page.
  private static func pdf(_ words: [String]) -> [UInt8] {
    let pages = stride(from: 0, to: words.count, by: 50).map { Array(words[$0..<$0 + 50]) }
    var objects = [
      "<</Type/Catalog/Pages 2 0 R>>",
      "<</Type/Pages/Count \(pages.count)/Kids["
        + pages.indices.map { "\(4 + 2 * $0) 0 R " }.joined() + "]>>",
      "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for (index, page) in pages.enumerated() {
      let lines = page.map { "(\($0)) Tj T*" }.joined(separator: "\n")
      let content = "BT /F1 10 Tf 12 TL 20 700 Td\n\(lines)\nET"
      objects.append(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 720]/Resources<</Font<</F1 3 0 R>>>>"
          + "/Contents \(5 + 2 * index) 0 R>>")
      objects.append("<</Length \(content.utf8.count)>>stream\n\(content)\nendstream")
    }
    var file = "%PDF-1.4\n"
    var table = "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
    for (index, object) in objects.enumerated() {
      let place = String(file.utf8.count)
      table += String(repeating: "0", count: 10 - place.count) + place + " 00000 n \n"
      file += "\(index + 1) 0 obj\n\(object)\nendobj\n"
    }
    let start = file.utf8.count
    return Array(
      (file + table + "trailer<</Size \(objects.count + 1)/Root 1 0 R>>\nstartxref\n\(start)\n%%EOF")
        .utf8)
  }
}

/// Runs `body` with a confined session that may reach the server, and nothing else.
func withBrowsingSession(
  _ site: @escaping @Sendable (LoopbackServer.Request) -> [LoopbackServer.Move],
  _ body: (LoopbackServer, WorkerSession) async throws -> Void
) async throws {
  let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]
  let server = try LoopbackServer(answering: site)
  let network = WorkerPolicy.Network.hosts(["127.0.0.1:\(server.port)"])
  let session = try await WorkerSession(
    options: .init(
      policy: .init(name: "test", network: network), virtualEnvironment: environment,
      preloadedModules: InitialAction.preloadedModules))
  let agent = Agent(model: script(), options: .changed { $0.services.network = network })
  try await InitialActions(for: agent, requests: Requests()).install(in: session)
  try await session.setValue(server.address, for: "site")
  try await body(server, session)
  await session.close()
}

/// What the code gives as text, or the exception that ended it.
func textGiven(by code: String, in session: any Session) async throws -> String {
  let result = try await session.execute(code, deadline: .seconds(100))
  if let exception = result.exception { return "\(exception.type): \(exception.message)" }
  guard case .string(let text)? = result.value else { return result.display ?? "" }
  return text
}
