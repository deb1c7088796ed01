import Testing

@Suite struct DoctorTests {
  let dynasaur = CommandLineProgram()

  @Test func aSoundSetUpPasses() async throws {
    let run = try await dynasaur("doctor", "--json")
    #expect(run.status == 0)
    #expect(try run.json["ok"] == true)
    let checks = try #require(try run.json["checks"]?.array)
    let names = checks.compactMap { $0["name"]?.string }
    for name in [
      "Python", "environment", "package numpy", "confinement", "libcurl", "SQLite", "key",
    ] {
      #expect(names.contains(name))
    }
    let text = try await dynasaur("doctor")
    #expect(text.status == 0)
    #expect(text.output.contains("ok       Python: libpython "))
  }

  @Test func whatIsBrokenComesWithItsRemedy() async throws {
    var dynasaur = dynasaur
    dynasaur.environment = ["DYNASAUR_VENV": "/nowhere"]
    let run = try await dynasaur("doctor", "--json")
    #expect(run.status == 2)
    #expect(run.errorIsOneSentence)
    let checks = try #require(try run.json["checks"]?.array)
    let broken = checks.filter { $0["status"] == "broken" }
    #expect(broken.compactMap { $0["name"]?.string } == ["environment"])
    #expect(broken.first?["remedy"]?.string?.contains("make setup") == true)
    #expect(try run.json["ok"] == false)
  }

  @Test func aKeyIsNeverShown() async throws {
    var dynasaur = dynasaur
    dynasaur.environment = ["OPENAI_API_KEY": "sk-secret-of-this-test"]
    let run = try await dynasaur("doctor")
    #expect(run.output.contains("OPENAI_API_KEY is set"))
    #expect(!(run.output + run.error).contains("sk-secret"))
  }
}
