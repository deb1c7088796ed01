import ArgumentParser
import DynaSaurTerminal
import PythonRuntime

/// `dynasaur doctor`: is everything there, and if not, what to do.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check the set-up and say how to mend it.",
    discussion: """
      Exit status: 0 when everything that is needed works, 2 otherwise.

      EXAMPLES
        dynasaur doctor
        dynasaur doctor --json
      """)

  @Flag(help: "Print one JSON object instead.")
  var json = false

  @OptionGroup var python: PythonOptions

  func run() async throws {
    let output = json ? StandardStream.reserveOutput() : .output
    var checks: [Check] = []
    func report(_ found: [Check]) {
      if !json { for check in found { output.print(Self.line(check)) } }
      checks += found
    }
    report(PythonChecks.installation())
    let (environment, check) = PythonChecks.environment(option: python.venv)
    report([check])
    if let environment {
      report(await PythonChecks.packages(of: environment))
      report(await ConfinementChecks.all(environment))
    }
    report([RetrievalChecks.weights(environment)])
    report(SystemChecks.all())
    let isSound = !checks.contains { $0.status == .broken }
    if json {
      let object: PythonValue = .dictionary([
        .init(key: "ok", value: .bool(isSound)),
        .init(key: "checks", value: .list(checks.map(\.json))),
      ])
      output.print(object.json)
    }
    guard isSound else {
      let count = checks.count { $0.status == .broken }
      throw CommandFailure.wrongUse(
        count == 1 ? "One thing must be mended." : "\(count) things must be mended.")
    }
  }

  private static func line(_ check: Check) -> String {
    let mark =
      switch check.status {
      case .good: "ok     "
      case .limited: "limited"
      case .broken: "broken "
      }
    let remedy = check.remedy.map { "\n         → \($0)" } ?? ""
    return "\(mark)  \(check.name): \(check.finding)\(remedy)"
  }
}
