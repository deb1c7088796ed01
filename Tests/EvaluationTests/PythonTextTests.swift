import Testing

@testable import Evaluation

/// Python's reading of texts and numbers, with values that Python 3.11 gave.
@Suite struct PythonTextTests {
  @Test(arguments: [
    ("42", 42.0), (" 42 ", 42), ("42.", 42), (".5", 0.5), ("+1e3", 1000), ("1_000", 1000),
    ("-1_0.5_0e1_0", -1.05e11), ("٣", 3), ("４２", 42), ("\u{A0}7\u{2003}", 7),
    ("Infinity", .infinity),
    ("-inf", -.infinity), ("1e400", .infinity), ("0x10", nil), ("1__0", nil), ("_1", nil),
    ("1_", nil),
    ("1_.5", nil), ("\u{2212}5", nil), ("½", nil), ("²", nil), ("1 2", nil), ("\u{200B}5", nil),
    ("\u{85}1", 1), ("1\u{B}", 1), ("1\u{1C}", nil), ("\u{1D}٣", nil), ("", nil), (".", nil),
    ("e5", nil), ("1e", nil), ("--1", nil), ("nan1", nil),
  ])
  func floatsAreReadAsPythonReadsThem(text: String, value: Double?) {
    #expect(PythonText(text).float == value, "\(text)")
  }

  @Test func nanIsReadAndEqualsNothing() {
    #expect(PythonText("NaN").float?.isNaN == true)
  }

  @Test(arguments: [
    ("ΟΔΟΣ", "οδος"), ("ΣΑΣ Σ", "σας σ"), ("İ", "i\u{307}"), ("ẞ", "ß"), ("ÀÉ", "àé"),
    ("A.Σ", "a.ς"), ("Σ.A", "σ.a"),
  ])
  func lowerCaseIsUnicodes(text: String, lowercased: String) {
    #expect(PythonText(text).lowercased == PythonText(lowercased))
  }

  @Test func textsAreComparedByCodePoints() {
    #expect("é" == "e\u{301}")
    #expect(PythonText("é") != PythonText("e\u{301}"))
    #expect(PythonText("a\r\nb").split("\n") == ["a\r", "b"])
  }

  @Test(arguments: [
    (2.0005, 3, "2.001"), (2.675, 2, "2.67"), (0.5, 0, "0.0"), (1.5, 0, "2.0"), (1e22, 3, "1e+22"),
    (0.00001, 5, "1e-05"), (1.0 / 3, 3, "0.333"),
  ])
  func roundingAndPrintingArePythons(number: Double, digits: Int, text: String) {
    #expect(PythonNumber.text(PythonNumber.rounded(number, to: digits)) == text)
  }

  @Test(arguments: [
    ("\\frac12", "\\frac{1}{2}"), ("\\frac1{72}", "\\frac{1}{72}"), ("\\frac{72}1", "\\frac{72}1"),
    ("\\sqrt3", "\\sqrt{3}"), ("x = 5", "5"), ("m+n=5", "m+n=5"), ("-1/2", "\\frac{-1}{2}"),
    ("0.5", "\\frac{1}{2}"), (".5", "\\frac{1}{2}"), ("01/2", "01/2"), ("5\\text{ cm}", "5"),
    ("10\\%", "10"), ("\\$5", "5"), ("90^\\circ", "90"),
  ])
  func answersAreNormalisedStepByStep(text: String, normalized: String) {
    #expect(MATHNormalization().normalized(PythonText(text)) == PythonText(normalized))
  }

  @Test(arguments: ["\\sqrt", "\\frac", "1\\text{ a}\\text{ b}"])
  func whatPythonRaisesOnHasNoNormalForm(text: String) {
    #expect(MATHNormalization().normalized(PythonText(text)) == nil)
  }
}
