import Foundation

extension Library {
  /// Captures the functions that a file of Python defines, without any session: the file is run in
  /// a fresh interpreter.
  ///
  /// - Parameter names: which functions; nil means all whose names do not begin with `_`.
  /// Throws `badFile` if the file cannot be read, is not Python, or does not run to its end.
  public static func candidates(
    inFile file: URL, named names: [String]? = nil, by runner: any AdmissionRunner,
    deadline: Duration = .seconds(30)
  ) async throws -> CapturedFunctions {
    let source: String
    do {
      source = try String(contentsOf: file, encoding: .utf8)
    } catch {
      throw LibraryError(
        .badFile, "\(file.path) cannot be read as UTF-8 text. Check its name and permissions.",
        underlying: error)
    }
    struct Argument: Encodable {
      var source: String
      var filename: String
      var module: String
      var names: [String]?
    }
    struct Answer: Decodable {
      var error: RecordedCall.Failure?
      var candidates: CapturedFunctions
    }
    let argument = Argument(
      source: source, filename: file.lastPathComponent,
      module: file.deletingPathExtension().lastPathComponent, names: names)
    let reply = try await runner.run(
      AdmissionRequest(
        function: "dynasaur_library.file_capture:capture_file",
        argument: try JSONEncoder().encode(argument), deadline: deadline))
    guard let outcome = reply.outcome else {
      let how =
        switch reply.end {
        case .died(let how): "ended early: its process \(how)"
        default: "did not end within \(deadline)"
        }
      throw LibraryError(
        .badFile, "Running \(file.path) \(how). A file to add functions from must only define them."
      )
    }
    let answer = try Admission.decode(Answer.self, outcome)
    if let error = answer.error {
      throw LibraryError(.badFile, "\(file.path) does not run: \(error.type): \(error.message)")
    }
    return answer.candidates
  }
}
