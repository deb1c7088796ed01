import PythonRuntime

/// Reads letters in pictures with tesseract, a program of the host.
public struct TextRecognition: Sendable {
  private let executable: String
  private static let mostPixels = 100_000_000

  /// Uses the installed tesseract; nil if there is none.
  public init?() {
    guard let executable = HostProgram.path(of: "tesseract") else { return nil }
    self.executable = executable
  }

  /// The letters in a picture.
  ///
  /// - Parameters:
  ///   - pixels: One byte each, 0 is black, row by row. They come from code that nobody has read: only
  ///     pixels are taken, so that no decoder of the host meets a hostile file.
  ///   - language: Such as `eng` or `eng+deu`.
  /// - Throws: ``AgentError`` with `serviceFailed`.
  public func text(
    width: Int, height: Int, pixels: [UInt8], language: String = "eng"
  ) async throws -> String {
    guard width > 0, height > 0, width <= Self.mostPixels / height, pixels.count == width * height
    else {
      throw AgentError(.serviceFailed, "The picture's size does not fit its pixels.")
    }
    // It becomes an argument: nothing but names of languages.
    guard language.wholeMatch(of: /[A-Za-z_]{3,20}(\+[A-Za-z_]{3,20}){0,4}/) != nil else {
      throw AgentError(
        .serviceFailed, "\(language.prefix(40)) is no language such as 'eng' or 'eng+deu'.")
    }
    let program = HostProgram(
      executable: executable, arguments: ["stdin", "stdout", "-l", language],
      environment: ["OMP_THREAD_LIMIT": "1"], deadline: .seconds(120))
    let output = try await program.run(input: Array("P5 \(width) \(height) 255\n".utf8) + pixels)
    guard output.status == 0 else {
      throw AgentError(
        .serviceFailed,
        "tesseract failed: \(output.errors.prefix(500)). Languages are installed with apt-get "
          + "install tesseract-ocr-deu and the like.")
    }
    return String(decoding: output.text, as: UTF8.self)
  }

  /// `recognize_text`, as Python code calls it.
  var function: HostFunction {
    HostFunction(
      name: "__recognize_text__",
      signature: "(width: int, height: int, pixels: bytes, language: str) -> str",
      documentation: "The letters in a grey picture."
    ) { arguments in
      .string(
        try await text(
          width: arguments.value("width"), height: arguments.value("height"),
          pixels: arguments.bytes("pixels"), language: arguments.value("language")))
    }
  }
}

extension HostArguments {
  /// A `bytes` argument.
  func bytes(_ name: String) throws -> [UInt8] {
    guard case .bytes(let bytes) = self[name] else {
      throw AgentError(.serviceFailed, "\(name) must be bytes.")
    }
    return bytes
  }
}
