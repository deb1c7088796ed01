import Foundation
import Testing

/// Wrong use ends in one sentence and exit status 2.
@Suite struct WrongUseTests {
  let dynasaur = CommandLineProgram()

  @Test(arguments: [
    ["exec"], ["exec", "one.py", "two.py"], ["exec", "--bogus", "-"], ["bogus"],
    ["exec", "nowhere.py"], ["exec", "/tmp"], ["exec", "--workspace", "nowhere", "-"],
    ["exec", "--workspace", "/etc/passwd", "-"], ["exec", "--deadline", "soon", "-"],
    ["exec", "--deadline", "0", "-"], ["exec", "--deadline", "-1", "-"],
    ["exec", "--deadline", "nan", "-"], ["exec", "--deadline", "1e300", "-"],
    ["exec", "--venv", "nowhere", "-"], ["exec", "--isolation", "none", "-"],
    ["exec", "--policy", "anything", "-"],
    ["exec", "--memory", "1", "-"],
    ["exec", "--isolation", "in-process", "--policy", "network", "-"],
    ["exec", "--isolation", "in-process", "--host", "example.org", "-"],
    ["exec", "--isolation", "in-process", "--env", "A=b", "-"],
    ["exec", "--isolation", "in-process", "--no-guard-rails", "--readable", "/tmp", "-"],
    ["exec", "--no-guard-rails", "-"], ["exec", "--readable", "nowhere", "-"],
    ["exec", "--env", "NOT_SET_ANYWHERE", "-"], ["exec", "--env", "=x", "-"],
    ["exec", "--policy", "network", "--host", "example.org", "-"],
    ["doctor", "extra"],
  ])
  func wrongArguments(arguments: [String]) async throws {
    let run = try await dynasaur.run(arguments)
    #expect(run.status == 2)
    #expect(run.errorIsOneSentence, "\(run.error)")
    #expect(run.output == "")
  }

  @Test(arguments: [
    (Data([0x7F, 0x45, 0x4C, 0x46, 0, 1]), "binary"),
    (Data("a = 1\nb = '".utf8) + [0xFF], "line 2"),
  ])
  func codeThatIsNoText(input: Data, word: String) async throws {
    let run = try await dynasaur.run(["exec", "-"], input: input)
    #expect(run.status == 2)
    #expect(run.errorIsOneSentence)
    #expect(run.error.contains(word))
  }

  @Test func helpIsNoWrongUse() async throws {
    for arguments in [["--help"], ["exec", "--help"], ["help", "exec"], ["doctor", "-h"]] {
      let run = try await dynasaur.run(arguments)
      #expect(run.status == 0)
      #expect(run.output.contains("EXAMPLES"))
      #expect(run.error == "")
    }
  }

  @Test func withoutAnEnvironmentTheMessageSaysWhatToRun() async throws {
    let folder = try TemporaryFolder()
    // A link to the program's file, whose real path is outside of the project.
    let program = folder.url.appending(path: "dynasaur")
    do {
      try FileManager.default.linkItem(atPath: CommandLineProgram.path, toPath: program.path)
    } catch {
      try FileManager.default.copyItem(atPath: CommandLineProgram.path, toPath: program.path)
    }
    var dynasaur = dynasaur
    dynasaur.executable = program.path
    dynasaur.environment = ["HOME": folder.url.path, "XDG_DATA_HOME": ""]
    dynasaur.directory = folder.url
    let run = try await dynasaur("exec", "-")
    #expect(run.status == 2)
    #expect(run.errorIsOneSentence)
    #expect(run.error.contains("make setup"))
  }

  @Test func anEnvironmentThatWasNamedIsUsedOrRefused() async throws {
    let folder = try TemporaryFolder()
    try folder.write("home = /usr/bin\nversion = 2.7.18\n", to: "old/pyvenv.cfg")
    for path in ["/nowhere", folder.url.path, folder.url.appending(path: "old").path] {
      var dynasaur = dynasaur
      dynasaur.environment = ["DYNASAUR_VENV": path]
      for isolation in ExecTests.isolations {
        let run = try await dynasaur("exec", "--isolation", isolation, "-")
        #expect(run.status == 2)
        #expect(run.errorIsOneSentence)
        #expect(run.error.contains(path))
      }
    }
  }
}
