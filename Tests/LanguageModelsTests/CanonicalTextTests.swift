import Testing

@testable import LanguageModels

struct CanonicalTextTests {
  @Test(arguments: [
    ("File \"/usr/lib/python3.11/ast.py\", line 5", "File \"<path>/ast.py\", line 5"),
    ("in /tmp/x_1/a-b.xlsx.", "in <path>/a-b.xlsx."),
    ("at 2024-05-06T07:08:09Z", "at <time>"),
    ("at 2024-05-06 07:08", "at <time>"),
    ("at 7:08:09.123", "at <time>"),
    ("<f at 0x7f12ab34cd56>", "<f at <address>>"),
    ("took 1.5 s, 20ms, 3 seconds", "took <duration>, <duration>, <duration>"),
    ("http://127.0.0.1:8080/v1", "http://127.0.0.1:<port>/v1"),
    ("id 123e4567-e89b-12d3-a456-426614174000", "id <uuid>"),
  ])
  func whatChangesBecomesAPlaceholder(text: String, expected: String) {
    #expect(CanonicalText.of(text) == expected)
    #expect(CanonicalText.of(expected) == expected, "twice is the same as once")
  }

  @Test(arguments: [
    "a/b and 1/2 and x / y", "https://example.org/a/b/c.html", "2024-05-06", "0xff", "5 sheets",
    "./data/a.xlsx and ../b/c.csv", "{{workspace}}/data/a.xlsx", "C4:D5", "3 minus 2",
  ])
  func whatStaysIsLeft(text: String) {
    #expect(CanonicalText.of(text) == text)
  }
}
