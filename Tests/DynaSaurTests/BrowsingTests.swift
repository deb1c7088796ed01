import ActionLibrary
import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Testing

@testable import DynaSaur

/// A site on loopback is read through the actions, from confined sessions whose policy names it.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
struct BrowsingTests {
  private static let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"]

  /// A long page: no line is like another.
  static let paragraphs = (1...900).map { number in
    "Paragraph \(number) tells of \(number * 7919 % 1009) things"
      + (number == 700 ? ", and of a Needle." : ".")
  }

  static func site(_ request: LoopbackServer.Request) -> [LoopbackServer.Move] {
    switch request.path {
    case "/robots.txt":
      .response(type: "text/plain", text: "User-agent: *\nDisallow: /private\n")
    case "/":
      .html(
        """
        <html><head><title>The   front page</title><style>p { color: red }</style></head>
        <body><h1>Welcome</h1><p>See <a href="/long">the long page</a> or <a href="file.pdf">a PDF</a>.</p>
        <script>document.title = 'never'</script><table><tr><th>a</th><th>b</th></tr><tr><td>1</td>
        <td>2</td></tr></table></body></html>
        """)
    case "/long": .html(paragraphs.map { "<p>\($0)</p>" }.joined(separator: "\n"))
    case "/oneline": .html("<p>" + String(repeating: "word ", count: 9_000) + "</p>")
    case "/moved": .redirect(to: "/moved/again")
    case "/moved/again": .redirect(to: "/")
    case "/circle": .redirect(to: "/circle")
    case "/inward": .redirect(to: "http://127.0.0.1:1/")
    case "/metadata": .redirect(to: "http://169.254.169.254/latest")
    case "/file": .redirect(to: "file:///etc/passwd")
    case "/broken": .html("<html><body><p>Open <b>and <table><tr><td>never closed<p>after</body>")
    case "/latin":
      .response(
        type: "text/html; charset=utf-8",
        body: Array("<meta charset='iso-8859-1'><p>Stra".utf8) + [0xDF] + Array("e</p>".utf8))
    case "/slow":
      .begun("<p>begun")
    case "/huge":
      .response(type: "text/html", body: [UInt8](repeating: 0x61, count: 21 << 20))
    case "/private/page": .html("<p>secret</p>")
    case "/data.csv":
      .response(
        type: "text/csv",
        headers: ["Content-Disposition": "attachment; filename=\"../../sums.csv\""],
        text: "a,b\n1,2\n")
    case let path where path.hasPrefix("/available"):
      .response(
        text: request.parameter("url") == "https://gone.example/"
          ? #"{"archived_snapshots": {"closest": {"available": true, "timestamp": "\#(request.parameter("timestamp") ?? "")", "url": "http://web.archive.org/web/2019/https://gone.example/"}}}"#
          : #"{"archived_snapshots": {}}"#)
    case "/timetable.pdf":
      .response(type: "application/pdf", body: (try? Data(contentsOf: timetable)) ?? Data())
    default: .missing
    }
  }

  private static var timetable: URL {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Data/gaia_like/dev/1e09f990-a0b7-43cb-9889-dfb65c27543e.pdf")
  }

  @Test func pagesBecomeMarkdown() async throws {
    try await withBrowsingSession(Self.site) { _, session in
      let page = try await textGiven(by: "visit_page(site)", in: session)
      #expect(page.contains("Title: The front page\nPage 1 of 1\n---\n# Welcome"))
      #expect(page.contains("/long)"))
      #expect(page.contains("| a | b |"))
      #expect(!page.contains("never") && !page.contains("color"))
      let links = try await textGiven(
        by: "[link['text'] for link in page_links('pdf')]", in: session)
      #expect(links == "['a PDF']")
    }
  }

  @Test func textsAreFoundOnTheirPage() async throws {
    try await withBrowsingSession(Self.site) { _, session in
      _ = try await textGiven(by: "visit_page(site + '/long')", in: session)
      let found = try await textGiven(by: "find_on_page('a  needle')", in: session)
      #expect(found.contains("Found 1 of 1: … ") && found.contains("and of a Needle."))
      let again = try await textGiven(by: "find_next()", in: session)
      #expect(again.contains("does not occur further down"))
      let first = try await textGiven(by: "find_on_page('Paragraph 1')", in: session)
      #expect(first.contains("Page 1 of"))
      let second = try await textGiven(by: "find_next()", in: session)
      #expect(second.contains("Found 2 of"))
      let absent = try await textGiven(by: "find_on_page('elephant')", in: session)
      #expect(absent.contains("'elephant' does not occur on"))
    }
  }

  @Test func redirectsAreFollowedAndJudgedAnew() async throws {
    try await withBrowsingSession(Self.site) { server, session in
      let page = try await textGiven(by: "visit_page(site + '/moved')", in: session)
      #expect(page.contains("Address: \(server.address)/\n") && page.contains("# Welcome"))
      let circle = try await textGiven(by: "visit_page(site + '/circle')", in: session)
      #expect(circle.contains("redirects more than 10 times"))
      for path in ["/inward", "/metadata"] {
        let refused = try await textGiven(by: "visit_page(site + '\(path)')", in: session)
        #expect(refused.hasPrefix("PermissionError") && refused.contains("policy"), "\(refused)")
      }
      let file = try await textGiven(by: "visit_page(site + '/file')", in: session)
      #expect(file.contains("is no address of a web page"))
    }
  }

  @Test func whatIsDamagedIsReadAsFarAsItGoes() async throws {
    try await withBrowsingSession(Self.site) { _, session in
      let broken = try await textGiven(by: "visit_page(site + '/broken')", in: session)
      #expect(broken.contains("never closed") && broken.contains("after"))
      let latin = try await textGiven(by: "visit_page(site + '/latin')", in: session)
      #expect(latin.contains("Straße"))
      let pdf = try await textGiven(by: "visit_page(site + '/timetable.pdf')", in: session)
      #expect(pdf.contains("Coastline Buses"))
      let missing = try await textGiven(by: "visit_page(site + '/nowhere')", in: session)
      #expect(missing.contains("404"))
    }
  }

  @Test func slowAndHugePagesEnd() async throws {
    try await withBrowsingSession(Self.site) { _, session in
      let slow = try await textGiven(
        by:
          """
          import dynasaur_actions.fetching as fetching
          fetching.PIECE = 1
          visit_page(site + '/slow')
          """, in: session)
      #expect(slow.contains("broke off") || slow.contains("did not answer in time"), "\(slow)")
      let huge = try await textGiven(by: "visit_page(site + '/huge')", in: session)
      #expect(huge.contains("is larger than"))
    }
  }

  @Test func sitesThatAskToBeLeftAloneAre() async throws {
    try await withBrowsingSession(Self.site) { server, session in
      let refused = try await textGiven(by: "visit_page(site + '/private/page')", in: session)
      #expect(refused.contains("robots.txt"))
      #expect(!server.requests.contains { $0.path == "/private/page" })
    }
  }

  /// The beginning of a long robots.txt counts; its length is no reason to leave the site alone.
  @Test func aLongFileOfWishesIsReadToItsLimit() async throws {
    let wishes =
      "User-agent: *\nDisallow: /private\n"
      + String(repeating: "# nothing to see here\n", count: 40_000)
    let site: @Sendable (LoopbackServer.Request) -> [LoopbackServer.Move] = { request in
      request.path == "/robots.txt"
        ? .response(type: "text/plain", text: wishes) : .html("<p>Words")
    }
    try await withBrowsingSession(site) { _, session in
      let page = try await textGiven(by: "visit_page(site + '/open')", in: session)
      #expect(page.hasSuffix("Words"), "\(page)")
      let refused = try await textGiven(by: "visit_page(site + '/private')", in: session)
      #expect(refused.contains("robots.txt"), "\(refused)")
    }
  }

  @Test func filesAreSavedUnderSafeNames() async throws {
    try await withBrowsingSession(Self.site) { _, session in
      let names = try await textGiven(
        by:
          "[download_file(site + '/data.csv'), download_file(site + '/data.csv')]", in: session)
      #expect(names == "['sums.csv', 'sums-2.csv']")
      let read = try await textGiven(by: "read_csv_rows('sums.csv')", in: session)
      #expect(read == "[{'a': '1', 'b': '2'}]")
    }
  }

  @Test func archivedCopiesAreFound() async throws {
    try await withBrowsingSession(Self.site) { server, session in
      let address = try await textGiven(
        by:
          """
          import dynasaur_actions.browsing as browsing
          browsing.ARCHIVE = site + '/available'
          find_archived_url('gone.example/', '2019-03')
          """, in: session)
      #expect(address == "http://web.archive.org/web/2019/https://gone.example/")
      #expect(server.requests.last?.parameter("timestamp") == "201903")
      let none = try await textGiven(by: "find_archived_url('other.example', '2019')", in: session)
      #expect(none.contains("has no copy of other.example"))
    }
  }

  @Test func withoutANetworkTheActionsSaySo() async throws {
    let session = try await WorkerSession(
      options: .init(virtualEnvironment: Self.environment))
    let agent = Agent(model: script())
    let actions = InitialActions(for: agent, requests: Requests())
    try await actions.install(in: session)
    #expect(!actions.pinned.contains { $0.contains("visit_page") })
    let refused = try await textGiven(by: "visit_page('https://example.org')", in: session)
    #expect(refused.contains("this session has no network"))
    await session.close()
  }

  /// Sessions of this process reach the web through a proxy that judges addresses alike.
  @Test func inProcessSessionsAreKeptFromPrivateAddresses() async throws {
    let server = try LoopbackServer(answering: Self.site)
    for (network, expected) in [
      (WorkerPolicy.Network.publicHosts, "policy"),
      (.hosts(["127.0.0.1:\(server.port)"]), "# Welcome"),
    ] {
      // Guard rails refuse sockets, those to the proxy too.
      var rails = GuardRails.standard
      rails.allowsNetwork = true
      let session = try await InProcessSession(
        options: .init(
          workingDirectory: FileManager.default.temporaryDirectory.path, guardRails: rails))
      let agent = Agent(model: script(), options: .changed { $0.services.network = network })
      try await InitialActions(for: agent, requests: Requests()).install(in: session)
      let page = try await textGiven(by: "visit_page('\(server.address)/')", in: session)
      #expect(page.contains(expected), "\(page)")
      await session.close()
    }
  }

  @Test func chromiumMakesPagesOnRequest() async throws {
    guard let browser = Browser() else {
      print(
        "Skipped: pages that need JavaScript: Chromium is not installed (apt-get install chromium)."
      )
      return
    }
    let server = try LoopbackServer { request in
      request.path == "/app"
        ? .html(
          """
          <title>App</title><body><p id=p>empty</p><script>
          fetch('/data').then(r => r.text()).then(t => p.textContent = t);
          fetch('http://127.0.0.1:1/').catch(() => document.body.append(' refused'));
          </script>
          """)
        : .html("made by code")
    }
    let html = try await browser.html(
      of: server.address + "/app", network: .hosts(["127.0.0.1:\(server.port)"]))
    #expect(html.contains("made by code"))
    await #expect(throws: AgentError.self) {
      let page = try await browser.html(of: server.address + "/app", network: .publicHosts)
      // Chromium shows the proxy's refusal as a page.
      if page.contains("policy does not allow") { throw AgentError(.serviceFailed, "refused") }
    }
  }
}
