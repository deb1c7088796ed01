import Foundation
import PythonRuntime

/// What `dynasaur doctor` looks at in Python.
enum PythonChecks {
  /// Distributions that a session can use, with the module that each is imported as.
  private static let packages = [
    ("cloudpickle", "cloudpickle"), ("numpy", "numpy"), ("pandas", "pandas"),
    ("openpyxl", "openpyxl"), ("lxml", "lxml.etree"), ("matplotlib", "matplotlib"),
    ("pillow", "PIL.Image"), ("requests", "requests"),
  ]

  /// libpython and its standard library.
  static func installation() -> [Check] {
    let version = Interpreter.version
    guard let home = Interpreter.derivedHome else {
      return [
        .broken(
          "Python", "libpython \(version) without its standard library",
          remedy: "Run `apt-get install --reinstall libpython3-stdlib libpython3-dev`.")
      ]
    }
    return [.good("Python", "libpython \(version), standard library under \(home)")]
  }

  /// The virtual environment, found as every command finds it.
  static func environment(option: String?) -> (VirtualEnvironment?, Check) {
    let name = "environment"
    do {
      let environment = try VirtualEnvironment.find(.init(option: option))
      try Interpreter.start(.init(virtualEnvironment: environment.path))
      let python = environment.path + "/bin/python"
      guard FileManager.default.isExecutableFile(atPath: python) else {
        return (
          environment,
          .broken(name, "\(python) cannot be run", remedy: "Run `make setup` to make it again.")
        )
      }
      return (environment, .good(name, "\(environment.path) (\(environment.origin.rawValue))"))
    } catch {
      let finding = CommandFailure(error)?.message ?? "\(error)"
      return (nil, .broken(name, finding, remedy: "Run `make setup` in the project's folder."))
    }
  }

  /// Whether a session opens, and which packages can be imported in it.
  static func packages(of environment: VirtualEnvironment) async -> [Check] {
    let session: any Session
    do {
      session = try await InProcessSession()
    } catch {
      return [
        .broken("session", "\(error)", remedy: "Run `make setup`, and then this again.")
      ]
    }
    var checks: [Check] = []
    for (distribution, module) in packages {
      let name = "package \(distribution)"
      do {
        // By import: a package whose libraries do not load is there, but of no use.
        _ = try await session.call("importlib:import_module", arguments: [.string(module)])
        let version = try await session.call(
          "importlib.metadata:version", arguments: [.string(distribution)])
        checks.append(.good(name, (try? version.as(String.self)) ?? "installed"))
      } catch {
        checks.append(
          .limited(
            name, (error as? PythonException)?.message ?? "\(error)",
            remedy:
              "Run `make setup`, or `\(environment.path)/bin/python -m pip install \(distribution)`."
          ))
      }
    }
    await session.close()
    return checks
  }
}
