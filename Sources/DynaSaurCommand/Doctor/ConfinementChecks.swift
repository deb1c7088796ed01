import PythonRuntime

/// What `dynasaur doctor` looks at of the boundary around code.
enum ConfinementChecks {
  static func all(_ environment: VirtualEnvironment) async -> [Check] {
    kernel() + [await session(environment)]
  }

  /// What the kernel can enforce for this user, and what it cannot.
  private static func kernel() -> [Check] {
    let name = "kernel"
    do {
      let support = try KernelSupport.current()
      let strengths = support.strengths.joined(separator: ", ")
      let missing = support.weaknesses.map { weakness in
        weakness.refuses
          ? Check.broken(name, weakness.finding, remedy: weakness.remedy)
          : Check.limited(name, weakness.finding, remedy: weakness.remedy)
      }
      return [.good(name, "it can enforce: \(strengths.isEmpty ? "nothing" : strengths)")] + missing
    } catch {
      return [.broken(name, "\(error)", remedy: "Let this user start processes (`ulimit -u`).")]
    }
  }

  /// Whether a session opens, and what is in force on it.
  private static func session(_ environment: VirtualEnvironment) async -> Check {
    let name = "confinement"
    do {
      let session = try await WorkerSession(
        options: .init(virtualEnvironment: environment.path, preloadedModules: []))
      let layers = session.layers
      await session.close()
      guard layers.contains(.threads) else {
        return .limited(
          name,
          "\(layers); the threads of a session cannot be counted, its memory limit bounds them",
          remedy:
            "Use Linux 5.5 or later, and in a container no supervisor of system calls of its own.")
      }
      return .good(name, layers.description)
    } catch {
      return .broken(
        name, "no worker session opens: \((error as? RuntimeError)?.message ?? "\(error)")",
        remedy:
          "Mend what the lines above name; until then --isolation in-process runs code that you "
          + "trust, without a boundary.")
    }
  }
}
