import Foundation
import PythonRuntime

/// Finds the statements of notebooks that are not Python, `!command` and `%magic`, and puts Python in
/// their place, so that line numbers stay and everything else, text that looks alike among it, is
/// run as it was written.
enum ShellStatements {
  /// The code with each such statement replaced.
  ///
  /// - Parameter canInstall: Whether the session has `install_package`.
  static func replaced(in code: String, canInstall: Bool) -> String {
    guard code.utf8.contains(where: { $0 == UInt8(ascii: "!") || $0 == UInt8(ascii: "%") }) else {
      return code
    }
    var python = PythonLines()
    var lines: [String] = []
    for line in code.split(separator: "\n", omittingEmptySubsequences: false) {
      let statement = line.drop { $0 == " " || $0 == "\t" }
      if python.beginsStatement, statement.hasPrefix("!") || statement.hasPrefix("%") {
        let indentation = line[..<statement.startIndex]
        lines.append(indentation + replacement(of: String(statement), canInstall: canInstall))
      } else {
        python.read(line.utf8)
        lines.append(String(line))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func replacement(of statement: String, canInstall: Bool) -> String {
    let command = statement.drop { $0 == "!" || $0 == "%" }.trimmedInvisibly
    guard let installation = command.wholeMatch(of: /(?:python3? +-m +)?pip3? +install +(.*)/)
    else {
      return refusal(
        "neither shell commands nor magic commands run here, so `\(command.prefix(80))` does not: "
          + "use Python instead")
    }
    guard canInstall else {
      return refusal(
        "packages cannot be installed in this session: use the installed ones and the standard library"
      )
    }
    var requirements: [String] = []
    for word in installation.1.split(whereSeparator: \.isWhitespace) {
      let word = word.trimmingCharacters(in: ["\"", "'"])
      if ["-q", "--quiet", "-U", "--upgrade", "--user", "-qq"].contains(word) { continue }
      guard !word.hasPrefix("-"), !word.contains(where: { ";|&$`".contains($0) }) else {
        return refusal("`\(word.prefix(40))` is not understood here: name only packages to install")
      }
      requirements.append(word)
    }
    guard !requirements.isEmpty else { return refusal("name the packages to install") }
    let arguments = requirements.map(quoted).joined(separator: ", ")
    return "install_package(\(arguments))"
  }

  private static func refusal(_ message: String) -> String {
    "raise RuntimeError(\(quoted(message)))"
  }

  /// The text as a Python literal on one line.
  private static func quoted(_ text: String) -> String {
    PythonValue.string(text).description
  }
}
