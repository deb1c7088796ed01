import Foundation

/// An experiment: variants of one run that are compared in one report.
///
/// As a file: `{"name": …, "benchmark": …, "arguments": […], "variants": [{"name": …, "arguments": […]}]}`.
/// Arguments are those of `dynasaur eval`. `{NAME}` in an argument is the library that the variant of that
/// name left.
public struct Experiment: Sendable, Hashable, Codable {
  /// One run.
  public struct Variant: Sendable, Hashable, Codable {
    public var name: String
    /// What it is given besides the experiment's own arguments.
    public var arguments: [String]

    public init(_ name: String, _ arguments: String...) {
      self.name = name
      self.arguments = arguments
    }
  }

  public var name: String
  /// What it finds out, in a sentence.
  public var question: String?
  /// The benchmark; nil where the person names it.
  public var benchmark: String?
  /// The data; nil where the person names them, or where the experiment brings its own tasks.
  public var data: String?
  /// What all variants are given.
  public var arguments: [String]?
  public var variants: [Variant]

  /// Reads an experiment from a file.
  ///
  /// - Throws: ``EvaluationError`` with `badConfiguration`.
  public init(contentsOf url: URL) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: url))
    } catch {
      throw EvaluationError(
        .badConfiguration,
        "\(url.path) is no experiment: JSON with `name` and `variants` is expected, each variant with `name` "
          + "and `arguments`. `dynasaur experiment NAME --show` prints an example.",
        underlying: error)
    }
    try validate()
  }

  init(
    _ name: String, _ question: String, benchmark: String? = nil, arguments: [String] = [],
    _ variants: [Variant]
  ) {
    self.name = name
    self.question = question
    self.benchmark = benchmark
    self.arguments = arguments
    self.variants = variants
  }

  private func validate() throws {
    let names = variants.map(\.name)
    guard !names.isEmpty, Set(names).count == names.count, !names.contains("") else {
      throw EvaluationError(
        .badConfiguration, "The experiment \(name) needs variants, each with a name of its own.")
    }
  }

  /// The folder of a variant's run in that of the experiment.
  public static func folder(of variant: Variant, in folder: URL) -> URL {
    folder.appending(path: RunFolder.fileName(variant.name), directoryHint: .isDirectory)
  }

  /// The arguments of `dynasaur eval` for a variant.
  ///
  /// - Parameters:
  ///   - data: The data, which go before the experiment's own.
  ///   - more: What the person gives for all variants, such as the model.
  public func arguments(
    for variant: Variant, benchmark: String, data: String, in folder: URL, more: [String]
  ) -> [String] {
    let own = (arguments ?? []) + variant.arguments
    let resolved = own.map { argument in
      variants.reduce(argument) { text, other in
        let library = Self.folder(of: other, in: folder).appending(path: "library.sqlite").path
        return text.replacingOccurrences(of: "{\(other.name)}", with: library)
      }
    }
    return [
      benchmark, "--data", data, "--out", Self.folder(of: variant, in: folder).path, "--name",
      variant.name,
    ] + resolved + more
  }
}
