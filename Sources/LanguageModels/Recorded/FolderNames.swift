import Foundation

/// Folders of this machine and the names that stand for them in a cassette.
///
/// In what is recorded `/home/ada/task/data.xlsx` becomes `{{workspace}}/data.xlsx`; when the
/// recording is played on another machine, replies get that machine's folder back.
public struct FolderNames: Sendable {
  private let pairs: [(folder: String, placeholder: String)]

  /// Makes names.
  ///
  /// - Parameter folders: Absolute paths by name. The current, the temporary and the home folder
  ///   are known without being given, as `current`, `temporary` and `home`.
  public init(_ folders: [String: String] = [:]) {
    var all = [
      "current": FileManager.default.currentDirectoryPath,
      "temporary": NSTemporaryDirectory(), "home": NSHomeDirectory(),
    ].merging(folders) { $1 }
    all = all.mapValues { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    pairs =
      all.filter { $0.value.count > 1 }
      .map { (folder: $0.value, placeholder: "{{\($0.key)}}") }
      // The longest first: a folder inside another must win. Given names win over known ones.
      .sorted {
        ($0.folder.utf8.count, folders.values.contains($0.folder) ? 1 : 0, $1.placeholder)
          > ($1.folder.utf8.count, folders.values.contains($1.folder) ? 1 : 0, $0.placeholder)
      }
  }

  /// The text with names in place of folders.
  func named(_ text: String) -> String {
    pairs.reduce(text) { text, pair in
      text.replacingOccurrences(
        of: NSRegularExpression.escapedPattern(for: pair.folder) + #"(?![\w-])"#,
        with: NSRegularExpression.escapedTemplate(for: pair.placeholder),
        options: .regularExpression)
    }
  }

  /// The text with this machine's folders in place of names.
  func resolved(_ text: String) -> String {
    guard text.contains("{{") else { return text }
    return pairs.reduce(text) {
      $0.replacingOccurrences(of: $1.placeholder, with: $1.folder)
    }
  }
}
