import Foundation
import LanguageModels
import LoopbackServers
import Testing

/// Keys planted wherever one can be given, and looked for in everything that a run leaves.
@Suite struct KeysTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  init() throws {
    folder = try TemporaryFolder()
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    self.dynasaur = dynasaur
  }

  private static let secrets = [
    "sk-of-the-environment-0123", "sk-of-the-file-456789", "secret-of-the-query",
    "secret-of-the-address",
  ]

  private static func reply(_ code: String) -> String {
    JSONValue.object([.init("thought", "I look."), .init("code", .string(code))]).text()
  }

  /// Prints all that code can see of its surroundings, backwards as well, so that cutting keys out of
  /// what is shown does not hide that they were there.
  private static let look = """
    import os, sys, glob
    seen = [str(dict(os.environ)), str(sys.argv), os.getcwd()]
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            seen.append(open(path, "rb").read().decode("utf-8", "replace"))
        except OSError:
            pass
    print("".join(seen)[::-1])
    print("".join(seen))
    """

  /// All files below the folder, as bytes of any kind.
  private func files() throws -> [(path: String, text: String)] {
    let paths = FileManager.default.enumerator(atPath: folder.url.path)?.allObjects as? [String]
    return try (paths ?? []).compactMap { path in
      let url = folder.url.appending(path: path)
      guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
        return nil
      }
      return (path, String(decoding: try Data(contentsOf: url), as: UTF8.self))
    }
  }

  private func expectNoKey(in texts: [(path: String, text: String)]) {
    for secret in Self.secrets {
      for form in [secret, String(secret.reversed())] {
        for (path, text) in texts { #expect(!text.contains(form), "\(secret) is in \(path)") }
      }
    }
  }

  @Test(arguments: [[], ["--json"]])
  func aConfinedRunLeavesNoKeyAnywhere(options: [String]) async throws {
    let echo = Self.secrets.joined(separator: " ")
    let server = try LoopbackServer(
      .failure(500, "You sent \(echo)."), .streamed(Self.reply(Self.look)),
      .completion(Self.reply("raise ValueError('\(echo)')")),
      .completion(Self.reply("submit_final_answer('\(echo)')")))
    let work = folder.url.appending(path: "work")
    try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
    let keys = try folder.write(Self.secrets[1], to: "keys/key")
    var dynasaur = dynasaur
    dynasaur.environment = ["OPENAI_API_KEY": Self.secrets[0], "DYNASAUR_LOG": "trace"]
    let address = server.baseURL.replacingOccurrences(
      of: "//", with: "//ada:\(Self.secrets[3])@")
    let run = try await dynasaur.run(
      [
        "run", "--base-url", "\(address)?key=\(Self.secrets[2])", "--key-file", keys.path,
        "--trajectory", "run.jsonl", "--library", "library.sqlite", "--workspace", "work", "Look.",
      ] + options)
    #expect(run.status == 0, "\(run.error)")
    #expect(run.error.contains("debug dynasaur.models"), "the log shows the retry")
    #expect(server.requests.first?.path.contains(Self.secrets[2]) == true)
    let page = try await dynasaur("show", "--html", "run.html", "run.jsonl")
    #expect(page.status == 0, "\(page.error)")
    let replayed = try await dynasaur(
      "replay", "--json", "--library", "library.sqlite", "run.jsonl")
    #expect(try replayed.json["steps"] != nil)
    try FileManager.default.removeItem(at: keys)
    let left = try files() + [("replay", replayed.output + replayed.error)]
    #expect(left.contains { $0.path == "run.html" && $0.text.contains("&lt;redacted&gt;") })
    #expect(left.contains { $0.path == "run.jsonl" && $0.text.contains("<redacted>") })
    expectNoKey(in: left + [("output", run.output), ("error", run.error)])
  }

  @Test func aFailureLeavesNoKeyAnywhere() async throws {
    let server = try LoopbackServer(
      .failure(401, "Incorrect key \(Self.secrets[0]) for \(Self.secrets[2])"))
    var dynasaur = dynasaur
    dynasaur.environment = ["OPENAI_API_KEY": Self.secrets[0]]
    let run = try await dynasaur(
      "run", "--base-url", "\(server.baseURL)?key=\(Self.secrets[2])", "--trajectory", "run.jsonl",
      "Look.")
    #expect(run.status == 1)
    #expect(run.error.contains("Incorrect key <redacted> for <redacted>"))
    expectNoKey(in: try files() + [("output", run.output), ("error", run.error)])
  }

  /// Code in this process can read its environment; what it prints is cut.
  @Test func codeInThisProcessShowsNoKey() async throws {
    let code = """
      import os
      key = os.environ["OPENAI_API_KEY"]
      print(key)
      raise ValueError(key)
      """
    let server = try LoopbackServer(
      .completion(Self.reply(code)), .completion(Self.reply("submit_final_answer(key)")))
    var dynasaur = dynasaur
    dynasaur.environment = ["OPENAI_API_KEY": Self.secrets[0]]
    let run = try await dynasaur(
      "run", "--json", "--isolation", "in-process", "--base-url", server.baseURL, "--trajectory",
      "run.jsonl", "Look.")
    #expect(run.status == 0, "\(run.error)")
    expectNoKey(in: try files() + [("output", run.output), ("error", run.error)])
    let shown = try #require(server.requests.last?.body["messages"]?.array?.last?.text())
    #expect(shown.contains("<redacted>"), "neither is the model shown it")
    #expect(!shown.contains(Self.secrets[0]))
  }

  /// The key of a service that is not asked is in the environment all the same; and a replay asks none.
  @Test func noKeyOfTheEnvironmentIsShownThoughItIsNotUsed() async throws {
    let code = "import os\nkey = os.environ['ANTHROPIC_API_KEY']\nprint(key)"
    let server = try LoopbackServer(
      .completion(Self.reply(code)), .completion(Self.reply("submit_final_answer(key)")))
    var dynasaur = dynasaur
    dynasaur.environment = ["ANTHROPIC_API_KEY": Self.secrets[0]]
    let run = try await dynasaur(
      "run", "--isolation", "in-process", "--base-url", server.baseURL, "--trajectory",
      "run.jsonl", "Look.")
    #expect(run.status == 0, "\(run.error)")
    #expect(!(server.requests.last?.body.text().contains(Self.secrets[0]) ?? true))
    let replayed = try await dynasaur("replay", "--isolation", "in-process", "run.jsonl")
    #expect(replayed.output.contains("2 steps are as recorded."), "\(replayed.output)")
    expectNoKey(
      in: try files() + [
        ("run", run.output + run.error), ("replay", replayed.output + replayed.error),
      ])
  }
}
