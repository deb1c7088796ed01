import DynaSaurTerminal
import Foundation
import LanguageModels
import Testing

@testable import DynaSaur

@Suite struct TrajectoryPageTests {
  /// What would run, load or break out, if any of it were markup.
  private static let hostile = [
    "<script>document.title='x'</script>", "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>", "</pre></section><iframe src=javascript:alert(1)>",
    "</style><style>*{display:none}</style>", "<!--", "]]>", "&lt;b&gt;", "\u{202E}lacol\u{202C}",
    "\u{0}\u{1B}[31m", "<a href='https://example.org/'>click</a>", "-->", "</title>",
  ].joined(separator: "\n")

  private static func line(_ event: String, _ members: JSONValue.Member...) -> String {
    let time = JSONValue.Member("time", .string("2030-01-01T00:00:00.000Z"))
    return JSONValue.object([.init("event", .string(event)), time] + members).text() + "\n"
  }

  private static let usage: JSONValue = [
    "tokens": ["promptTokens": 1200, "completionTokens": 34, "cachedTokens": 1000], "cost": 0.0123,
    "replies": 1,
  ]

  /// A run in which everything is `text` that can be.
  private static func run(_ text: String, workspace: String = "/nowhere", code: String? = nil)
    throws -> Trajectory
  {
    let value = JSONValue.string(text)
    let lines = [
      line(
        "start", .init("format", "dynasaur-trajectory"), .init("version", 1), .init("task", value),
        .init("files", [value]), .init("fileOrigins", [value]), .init("fileHashes", [value]),
        .init("model", value), .init("workspace", .string(workspace)),
        .init("hasFixedHashes", true),
        .init("pythonVersion", value), .init("packages", [:]), .init("systemPrompt", value),
        .init("taskPrompt", value),
        .init("settings", ["maximumSteps": 20, "observationLimit": 8000])),
      line(
        "reply", .init("step", 1), .init("purpose", "plan"), .init("text", value),
        .init("model", value), .init("finishReason", "stop"), .init("usage", usage),
        .init("tokens", usage["tokens"] ?? .null)),
      line(
        "step", .init("number", 1), .init("thought", value), .init("code", .string(code ?? text))),
      line(
        "approval", .init("step", 1), .init("risks", []), .init("isApproved", false),
        .init("reason", value)),
      line(
        "load", .init("step", 1),
        .init("actions", [["name": value, "version": 1, "hash": value, "summary": value]])),
      line(
        "call", .init("step", 1), .init("function", value), .init("arguments", value),
        .init("argumentsChecksum", "0"), .init("result", value)),
      line(
        "delegation", .init("step", 1), .init("action", value), .init("task", value),
        .init("failure", value), .init("usage", usage)),
      line(
        "observation", .init("step", 1), .init("text", value), .init("output", value),
        .init("errorOutput", value),
        .init("failure", ["type": value, "message": value, "traceback": value]),
        .init("imageCount", 2), .init("imageFiles", ["picture.png", "picture.svg", value]),
        .init("files", [["path": value, "size": 1]]), .init("fullTextVariable", value),
        .init("seconds", 1)),
      line(
        "admission", .init("name", value), .init("step", 1), .init("isAccepted", false),
        .init("change", "none"), .init("reasons", [value]), .init("lacksDocumentationOnly", false)),
      line("message", .init("text", value), .init("files", [value]), .init("actions", [value])),
      line("step", .init("number", 2), .init("thought", value), .init("code", "")),
      line(
        "answer", .init("text", value), .init("value", value), .init("submitted", value),
        .init("isGuess", true), .init("steps", 1), .init("seconds", 2.5), .init("usage", usage),
        .init("newActions", [value]), .init("usedActions", [value])),
    ]
    return try Trajectory(data: Data(lines.joined().utf8), name: "test")
  }

  private static let tags: Set = [
    "!doctype", "html", "head", "meta", "link", "title", "style", "body", "main", "header", "p",
    "h1", "h2", "dl", "div", "dt", "dd", "section", "pre", "code", "span", "details", "summary",
    "ul", "li", "figure", "img", "figcaption", "table", "thead", "tbody", "tr", "th", "td", "a",
  ]

  @Test func whatAnybodyWroteIsTextAndNothingElse() throws {
    let page = TrajectoryPage(try Self.run(Self.hostile)).html
    #expect(page.contains("&lt;script&gt;document.title=&#39;x&#39;&lt;/script&gt;"))
    #expect(page.contains("&amp;lt;b&amp;gt;"), "What was escaped already is shown so.")
    #expect(!page.unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{1B}" || $0 == "\0" })
    let marks = page.matches(of: /<\/?([!A-Za-z0-9]+)([^<>]*)>/)
    #expect(marks.count == page.count { $0 == "<" }, "Each < begins a tag of the page's own.")
    for mark in marks {
      #expect(Self.tags.contains(mark.1.lowercased()), "\(mark.0)")
      #expect(mark.2.firstMatch(of: /\bon[a-z]+\s*=/) == nil, "\(mark.0)")
      for reference in mark.2.matches(of: /\b(?:src|href)="([^"]*)"/) {
        let isOwn = reference.1.hasPrefix("data:") || reference.1.hasPrefix("#step-")
        #expect(isOwn, "\(mark.0)")
      }
    }
    #expect(page.contains("default-src 'none'"))
  }

  /// Every text of the run is on the page.
  @Test func nothingIsLeftOut() throws {
    let page = TrajectoryPage(try Self.run("needle")).html
    #expect(page.ranges(of: "needle").count >= 30)
    for text in ["1,200", "1,000", "34", "$0.012", "2.5 s", "A guess:", "Refused", "Step 2"] {
      #expect(page.contains(text), "\(text)")
    }
  }

  @Test func codeIsHighlightedAndWhole() throws {
    let code = "def f(x):  # <b>\n    return \"a & b\" + 'c'\n\"\"\"open\nend\"\"\"\nprint(f(1.5))"
    let page = TrajectoryPage(try Self.run("t", code: code)).html
    let start = try #require(page.range(of: "<pre class=\"code\"><code>"))
    let end = try #require(page.range(of: "</code></pre>", range: start.upperBound..<page.endIndex))
    let html = String(page[start.upperBound..<end.lowerBound])
    for piece in [
      #"<span class="keyword">def</span> <span class="name">f</span>("#,
      #"<span class="faint"># &lt;b&gt;</span>"#,
      #"<span class="string">&quot;a &amp; b&quot;</span>"#,
      #"<span class="string">end&quot;&quot;&quot;</span>"#, #"<span class="number">1.5</span>"#,
    ] { #expect(html.contains(piece), "\(html)") }
    let plain = html.replacing(/<[^>]*>/, with: "").replacing("&lt;", with: "<")
      .replacing("&gt;", with: ">").replacing("&quot;", with: "\"").replacing("&#39;", with: "'")
      .replacing("&amp;", with: "&")
    #expect(plain == code)
  }

  @Test func picturesAreInThePageAndLinksAreNotFollowed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data([1, 2, 3]).write(to: folder.appending(path: "picture.png"))
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "picture.svg"),
      withDestinationURL: URL(filePath: "/etc/passwd"))
    let page = TrajectoryPage(try Self.run("t", workspace: folder.path)).html
    #expect(page.contains(#"src="data:image/png;base64,AQID""#))
    #expect(page.contains("The picture picture.svg is not there any more."))
  }
}
