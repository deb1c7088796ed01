import ActionLibrary
import Foundation

/// The libraries of a run: each task works on a copy, which is kept with its result.
extension EvaluationRun {
  /// Brings into a library's file what SQLite still keeps beside it, so that the file can be copied.
  ///
  /// - Throws: ``EvaluationError`` with `badConfiguration` where there is none, or another process keeps
  ///   it open and has written to it; `LibraryError`.
  public static func settleLibrary(at url: URL) async throws {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw EvaluationError(.badConfiguration, "There is no library \(url.path).")
    }
    func logSize() -> Int {
      let attributes = try? FileManager.default.attributesOfItem(atPath: url.path + "-wal")
      return (attributes?[.size] as? Int) ?? 0
    }
    if logSize() == 0 { return }
    try await Library(at: url).close()
    guard logSize() == 0 else {
      throw EvaluationError(
        .badConfiguration,
        "Another process works on the library \(url.path). Wait until it has ended.")
    }
  }

  /// Puts the libraries in place that the tasks begin with.
  func prepareLibrary() throws {
    func copy(_ source: URL, to target: URL) throws {
      guard !FileManager.default.fileExists(atPath: target.path) else { return }
      try folder.makeFolder(target.deletingLastPathComponent())
      let partial = target.deletingPathExtension().appendingPathExtension("partial")
      try? FileManager.default.removeItem(at: partial)
      do {
        try FileManager.default.copyItem(at: source, to: partial)
        try DurableFile.replace(target, by: partial)
      } catch {
        throw EvaluationError(
          .unusableOutput, "The library \(source.path) cannot be copied to \(target.path).",
          underlying: error)
      }
    }
    switch manifest.library {
    case .none: break
    case .frozen:
      if let library { try copy(library, to: folder.frozenLibrary) }
    case .accumulated:
      for seed in 0..<manifest.seeds {
        try folder.makeFolder(folder.url.appending(path: "libraries/\(seed)"))
        if let library { try copy(library, to: folder.libraryFile(after: 0, seed: seed)) }
      }
    }
  }

  /// The library that a task begins with; one that is run again, with what all others left.
  private func libraryFile(before step: Step) -> URL {
    folder.libraryFile(after: step.isRetry ? tasks.count : step.index, seed: step.seed)
  }

  /// The library that a task is given; nil for none.
  func libraryCopy(for step: Step, in place: URL) throws -> URL? {
    switch manifest.library {
    case .none: return nil
    case .frozen: return folder.frozenLibrary
    case .accumulated:
      let copy = place.appending(path: "library.sqlite")
      let source = libraryFile(before: step)
      if FileManager.default.fileExists(atPath: source.path) {
        do {
          try FileManager.default.copyItem(at: source, to: copy)
        } catch {
          throw EvaluationError(
            .unusableOutput, "The library \(source.path) cannot be copied.", underlying: error)
        }
      }
      return copy
    }
  }

  /// Keeps the library that a task leaves; after a crash, the one it began with.
  func keepLibrary(_ library: URL, after step: Step, isWhole: Bool) async throws {
    let source = libraryFile(before: step)
    let target =
      step.isRetry ? source : folder.libraryFile(after: step.index + 1, seed: step.seed)
    do {
      if isWhole, FileManager.default.fileExists(atPath: library.path) {
        // Opening and closing it brings what lies in the file's log into the file.
        try await Library(at: library).close()
        try DurableFile.replace(target, by: library)
      } else if !step.isRetry, FileManager.default.fileExists(atPath: source.path) {
        try? FileManager.default.removeItem(at: target)
        try FileManager.default.copyItem(at: source, to: target)
      }
    } catch {
      throw EvaluationError(
        .unusableOutput, "The library \(target.path) cannot be kept.", underlying: error)
    }
  }

  /// Puts the library that the first repetition left where a person finds it.
  func publishLibrary() throws {
    guard manifest.settings.accumulates else { return }
    let last = folder.libraryFile(after: tasks.count, seed: 0)
    guard let data = FileManager.default.contents(atPath: last.path) else { return }
    try folder.write(data, to: folder.url.appending(path: "library.sqlite"))
  }
}
