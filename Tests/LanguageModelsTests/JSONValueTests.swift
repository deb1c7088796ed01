import Testing

@testable import LanguageModels

struct JSONValueTests {
  @Test(arguments: [
    "null", "true", "-0.5", "12", #""""#, "[]", "{}", #"{"b":[1,{"a":null}],"a":"x"}"#,
    #""\u0001 \"quoted\" \\ \n \t""#, #""naïve 🐍""#, "9223372036854775807",
  ])
  func textSurvivesReadingAndWriting(text: String) throws {
    #expect(try JSONValue(parsing: text).text() == text)
    #expect(try JSONValue(parsing: JSONValue(parsing: text).text(isPretty: true)).text() == text)
  }

  @Test func escapesAreRead() throws {
    #expect(
      try JSONValue(parsing: #"  "\ud83d\udc0d\u00e9\/\b\f\r"  "#)
        == .string("🐍é/\u{8}\u{C}\r"))
  }

  @Test(arguments: [
    "", "tru", "[1,]", "{\"a\":}", "{1:2}", "[1 2]", "\"open", "01", "1.", "1e", "-", "+1", "nul",
    "\"\\x\"", "\"\\ud83d\"", "\"\\ud83d\\u0041\"", "\"\\u12\"", "\"\u{1}\"", "1 2", "NaN", "1e999",
    "{\"a\":1,}", "'a'",
  ])
  func whatIsNotJSONIsRefused(text: String) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
  }

  @Test func invalidUTF8IsRefused() {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22] as [UInt8]) }
  }

  @Test func deepNestingIsRefused() {
    let text = String(repeating: "[", count: 1_000_000)
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
  }

  @Test func largeAndFractionalNumbersAreDoubles() throws {
    #expect(try JSONValue(parsing: "92233720368547758080").number == 92_233_720_368_547_758_080)
    #expect(try JSONValue(parsing: "3.0").integer == 3)
    #expect(JSONValue.number(.nan).text() == "null")
  }

  @Test func membersKeepTheirOrder() throws {
    let schema: JSONValue = ["thought": 1, "code": 2, "a": 3]
    #expect(schema.text() == #"{"thought":1,"code":2,"a":3}"#)
  }

  @Test func truncatedDocumentsNeverCrash() throws {
    let whole = Array(#"{"a":[1.5e3,"\ud83d\udc0d",{"b":null}],"c":true}"#.utf8)
    for count in 0..<whole.count {
      #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: whole.prefix(count)) }
    }
  }
}
