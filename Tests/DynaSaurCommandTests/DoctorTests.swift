import Glibc
import LanguageModels
import Testing

@testable import DynaSaurCommand

@Suite struct DoctorTests {
  let dynasaur = CommandLineProgram()

  @Test func aSoundSetUpPasses() async throws {
    let run = try await dynasaur("doctor", "--json")
    #expect(run.status == 0)
    #expect(try run.json["ok"] == true)
    let checks = try #require(try run.json["checks"]?.array)
    let names = checks.compactMap { $0["name"]?.string }
    for name in [
      "Python", "environment", "package numpy", "kernel", "confinement", "libcurl", "SQLite", "key",
      "ocr", "browser",
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

  /// `dynasaur doctor --json` where the kernel seems to lack something, and its checks of the boundary.
  private func checks(_ circumstances: [String]) async throws -> (Int32, [JSONValue]) {
    var probe = dynasaur
    probe.executable = CommandLineProgram.folder + "/ConfinementProbe"
    let run = try await probe.run(
      ["enter"] + circumstances + [CommandLineProgram.path, "doctor", "--json"])
    let checks = try #require(try run.json["checks"]?.array, "\(run.output) \(run.error)")
    return (
      run.status, checks.filter { $0["name"] == "kernel" || $0["name"] == "confinement" }
    )
  }

  @Test func aKernelWithoutLandlockIsNamedWithWhatToDo() async throws {
    let (status, checks) = try await checks(["--no-landlock"])
    #expect(status == 2)
    let broken = checks.filter { $0["status"] == "broken" }
    #expect(broken.compactMap { $0["name"]?.string } == ["kernel", "confinement"])
    #expect(broken[0]["finding"]?.string?.contains("no Landlock") == true)
    #expect(broken[0]["remedy"]?.string?.contains("--allow-unconfined") == true)
    #expect(broken[1]["finding"]?.string?.contains("no Landlock") == true)
    let can = try #require(checks.first?["finding"]?.string)
    #expect(can.hasPrefix("it can enforce: system call filter") && !can.contains("Landlock"))
  }

  @Test(arguments: [["--no-namespaces"], ["--nobody", "--no-namespaces"]])
  func missingNamespacesAreALimit(_ circumstances: [String]) async throws {
    guard getuid() == 0 || !circumstances.contains("--nobody") else { return }
    let (status, checks) = try await checks(circumstances)
    #expect(status == 0)
    let limited = checks.filter { $0["status"] == "limited" }
    #expect(limited.count == 1)
    #expect(limited.first?["finding"]?.string?.contains("network namespaces") == true)
    #expect(limited.first?["remedy"]?.string?.contains("user.max_user_namespaces") == true)
    let session = try #require(checks.last?["finding"]?.string)
    #expect(session.contains("file rules") && !session.contains("network namespace"))
  }

  @Test func threadsThatCannotBeCountedAreALimit() async throws {
    let (status, checks) = try await checks(["--no-supervision"])
    #expect(status == 0)
    #expect(checks.last?["status"] == "limited")
    #expect(checks.last?["finding"]?.string?.contains("cannot be counted") == true)
  }

  @Test func aKeyIsNeverShown() async throws {
    var dynasaur = dynasaur
    dynasaur.environment = ["OPENAI_API_KEY": "sk-secret-of-this-test"]
    let run = try await dynasaur("doctor")
    #expect(run.output.contains("OPENAI_API_KEY is set"))
    #expect(!(run.output + run.error).contains("sk-secret"))
  }

  @Test func setupKnowsWhichProgramsItInstalls() async throws {
    let run = try await dynasaur("setup", "--with", "ocr,telescope")
    #expect(run.status == 2)
    #expect(run.error.contains("'telescope' is no program that setup knows: it knows ocr, browser"))
  }

  /// What `--with` runs is what each system calls the programs.
  @Test(arguments: [
    ("apt-get", "apt-get install -y --no-install-recommends tesseract-ocr chromium"),
    ("dnf", "dnf install -y tesseract chromium"),
  ])
  func programsHaveTheNamesOfTheSystem(manager: String, command: String) throws {
    let known = try #require(PackageManager.known.first { $0.executable == manager })
    #expect(known.command(for: SystemProgram.allCases).joined(separator: " ") == command)
  }
}
