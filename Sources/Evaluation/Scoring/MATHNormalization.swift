/// The string normalisation of the MATH benchmark's authors (Hendrycks et al. 2021), and the copy of
/// it in lm-eval, which differs in its last step.
struct MATHNormalization {
  /// Whether a slash between things that are no integers is an error, as in lm-eval.
  var demandsIntegersAroundSlash = false

  /// Where the public code raises an exception.
  private struct Failure: Error {}

  /// Whether two answers are equal once normalised. Where either cannot be normalised, the texts
  /// themselves are compared; no answer equals no answer.
  func areEqual(_ left: PythonText?, _ right: PythonText?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    guard let first = normalized(left), let second = normalized(right) else { return left == right }
    return first == second
  }

  /// The normalised text; nil where the public code raises.
  func normalized(_ text: PythonText) -> PythonText? { try? normalize(text) }

  private func normalize(_ original: PythonText) throws -> PythonText {
    var text = original.removing("\n").removing("\\!").replacing("\\\\", with: "\\")
    text = text.replacing("tfrac", with: "frac").replacing("dfrac", with: "frac")
    text = text.removing("\\left").removing("\\right")
    text = text.removing("^{\\circ}").removing("^\\circ").removing("\\$")
    text = try Self.withoutUnit(text).removing("\\%")
    text = text.replacing(" .", with: " 0.").replacing("{.", with: "{0.")
    if text.isEmpty { return text }
    if text[0] == "." { text = "0" + text }
    text = Self.withoutShortLeftSide(text)
    text = try Self.withBracedRoots(text).removing(" ")
    text = try Self.withBracedFractions(text)
    if text == "0.5" { text = "\\frac{1}{2}" }
    return try withSlashAsFraction(text)
  }

  /// Cuts off what follows `\text{ `, which holds a unit.
  private static func withoutUnit(_ text: PythonText) throws -> PythonText {
    let parts = text.split("\\text{ ")
    guard parts.count <= 2 else { throw Failure() }
    return parts[0]
  }

  /// "x = 5" is 5; "m+n=5" stays.
  private static func withoutShortLeftSide(_ text: PythonText) -> PythonText {
    let sides = text.split("=")
    return sides.count == 2 && sides[0].count <= 2 ? sides[1] : text
  }

  /// `\sqrt3` is `\sqrt{3}`.
  private static func withBracedRoots(_ text: PythonText) throws -> PythonText {
    let parts = text.split("\\sqrt")
    var result = parts[0]
    for part in parts.dropFirst() {
      guard let first = part.scalars.first else { throw Failure() }
      result += "\\sqrt"
      result += first == "{" ? part : "{" + part.prefix(1) + "}" + part.suffix(from: 1)
    }
    return result
  }

  /// `\frac12` and `\frac1{72}` are `\frac{1}{2}` and `\frac{1}{72}`.
  private static func withBracedFractions(_ text: PythonText) throws -> PythonText {
    let parts = text.split("\\frac")
    var result = parts[0]
    for part in parts.dropFirst() {
      result += "\\frac"
      guard let first = part.scalars.first else { throw Failure() }
      if first == "{" {
        result += part
        continue
      }
      // Numerator without denominator: the public code gives the whole text back unchanged.
      guard part.count >= 2 else { return text }
      let numerator = "{" + part.prefix(1) + "}"
      result += numerator
      result +=
        part[1] == "{" ? part.suffix(from: 1) : "{" + part[1..<2] + "}" + part.suffix(from: 2)
    }
    return result
  }

  /// "a/b" of two plain integers is `\frac{a}{b}`.
  private func withSlashAsFraction(_ text: PythonText) throws -> PythonText {
    let sides = text.split("/")
    guard sides.count == 2 else { return text }
    guard let left = sides[0].integer, let right = sides[1].integer else {
      if demandsIntegersAroundSlash { throw Failure() }
      return text
    }
    guard text == PythonText("\(left)/\(right)") else { return text }
    return PythonText("\\frac{\(left)}{\(right)}")
  }
}
