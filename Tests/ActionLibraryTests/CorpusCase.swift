import Foundation
import Testing

/// One function of the capture corpus: the steps that make it, and what is to become of it.
///
/// A `.cases` file is a list of these:
///
///     ==== what it shows
///     entry: the name of the function
///     verdict: accepted, or `refused: ` and a part of the reason
///     ----
///     a step
///     ----
///     another step
struct CorpusCase: Sendable, CustomTestStringConvertible {
  var file: String
  var name: String
  var entry: String
  /// nil where the function is to be accepted.
  var refusal: String?
  var steps: [String]

  var testDescription: String { "\(file): \(name)" }

  static let all: [CorpusCase] = load()

  private static func load() -> [CorpusCase] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "Corpus")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".cases") }.sorted().flatMap { file -> [CorpusCase] in
      let text = (try? String(contentsOf: folder.appending(path: file), encoding: .utf8)) ?? ""
      return ("\n" + text).components(separatedBy: "\n==== ").dropFirst().map { part in
        let pieces = part.components(separatedBy: "\n----\n")
        let head = pieces[0].components(separatedBy: "\n")
        func field(_ key: String) -> String {
          String(head.first { $0.hasPrefix(key + ": ") }?.dropFirst(key.count + 2) ?? "")
        }
        let verdict = field("verdict")
        let reason = verdict.dropFirst("refused".count).trimmingPrefix(":")
        return CorpusCase(
          file: String(file.dropLast(6)), name: head[0], entry: field("entry"),
          refusal: verdict == "accepted" ? nil : reason.trimmingCharacters(in: .whitespaces),
          steps: Array(pieces.dropFirst()))
      }
    }
  }
}
