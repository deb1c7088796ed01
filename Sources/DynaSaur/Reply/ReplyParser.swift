import Foundation
import LanguageModels

/// What a model's reply says.
public struct ReplyContent: Sendable, Hashable {
  /// The model's reasoning; may be empty.
  public var thought: String
  /// The Python code to run; never empty.
  public var code: String

  /// Makes a content.
  public init(thought: String, code: String) {
    self.thought = thought
    self.code = code
  }
}

/// A reply from which no code can be taken.
public struct MalformedReply: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with it, in sentences for the model.
  public let problem: String

  /// What is wrong with it.
  public var description: String { problem }
}

/// Takes thought and code out of a model's reply.
///
/// A reply has one of two forms. JSON: an object with `thought` and `code`, bare, in a fence, or with
/// text around it; line breaks and backslashes that JSON would want escaped are forgiven, since
/// models forget them in code. Or text with fenced Python: the blocks are joined, the text before them
/// is the thought. Any text whatever is met with one of these or ``MalformedReply``, in linear time.
public struct ReplyParser: Sendable {
  /// Makes a parser.
  public init() {}

  /// The thought and the code of a reply.
  public func parse(_ reply: String) throws(MalformedReply) -> ReplyContent {
    let (reasoning, text) = Self.withoutReasoning(Self.normalized(reply))
    guard !text.trimmedInvisibly.isEmpty else {
      throw MalformedReply(problem: "The reply is empty.")
    }
    let blocks = FencedBlock.all(in: text)
    var content: ReplyContent
    switch JSONReply.find(in: text, fenced: blocks) {
    case .content(let found): content = found
    case .problem(let problem):
      // Text in braces need not be meant as JSON, if there is a block of Python after all.
      guard let found = try? Self.fenced(blocks, in: text) else {
        throw MalformedReply(problem: problem)
      }
      content = found
    case .none: content = try Self.fenced(blocks, in: text)
    }
    if content.thought.isEmpty { content.thought = reasoning }
    return content
  }

  /// The answer of a reply to the request for a guess: the member `answer` of a JSON object, or the
  /// text itself.
  func guess(_ reply: String) -> String {
    let (_, text) = Self.withoutReasoning(Self.normalized(reply))
    guard case .object(let object) = JSONReply.firstObject(in: text, having: ["answer"]),
      let answer = object.member("answer")
    else { return String(text.trimmedInvisibly) }
    return answer.string ?? answer.text()
  }

  // MARK: - Text

  /// The text with its line breaks as `\n`.
  private static func normalized(_ reply: String) -> String {
    guard reply.utf8.contains(UInt8(ascii: "\r")) else { return reply }
    return reply.replacingOccurrences(of: "\r\n", with: "\n")
      .replacingOccurrences(of: "\r", with: "\n")
  }

  /// Splits off the reasoning that some models put in front, in `<think>` tags.
  private static func withoutReasoning(_ text: String) -> (reasoning: String, text: String) {
    let trimmed = text.trimmedInvisibly
    guard trimmed.hasPrefix("<think>"), let end = trimmed.range(of: "</think>") else {
      return ("", text)
    }
    let reasoning = trimmed[..<end.lowerBound].dropFirst("<think>".count)
    return (String(reasoning.trimmedInvisibly), String(trimmed[end.upperBound...]))
  }

  // MARK: - Fences

  private static func fenced(
    _ blocks: [FencedBlock], in text: String
  ) throws(MalformedReply) -> ReplyContent {
    let labelled = blocks.filter(\.isPython)
    let used = labelled.isEmpty ? blocks.filter { $0.language.isEmpty } : labelled
    guard let first = used.first else { throw withoutPython(blocks) }
    guard used.allSatisfy(\.isClosed) else {
      throw MalformedReply(
        problem:
          "The code block is not closed, so the reply may have been cut off. Nothing was run. "
          + "Reply again, with less code in one step, and close the block.")
    }
    let code = used.map(\.text).joined(separator: "\n").trimmedCode
    guard !code.isEmpty else {
      throw MalformedReply(problem: "The code block is empty. There is nothing to run.")
    }
    var thought = text[..<first.start].trimmedInvisibly
    if thought.isEmpty, let last = used.last { thought = text[last.end...].trimmedInvisibly }
    if let label = thought.prefixMatch(of: /[*#_ ]*[Tt]hought[*_ ]*:[*_ ]*/) {
      thought = thought[label.range.upperBound...].trimmedInvisibly
    }
    return ReplyContent(thought: String(thought), code: code)
  }

  private static func withoutPython(_ blocks: [FencedBlock]) -> MalformedReply {
    guard let block = blocks.first else {
      return MalformedReply(
        problem:
          "There is no code in the reply: neither a JSON object nor a code block. Every step "
          + "needs code; to end the task, call submit_final_answer in it.")
    }
    return MalformedReply(
      problem: "The code block is marked as \(block.language.prefix(20)). Only Python can be run.")
  }
}

// MARK: - Characters

extension StringProtocol {
  /// Without white and invisible characters at both ends.
  var trimmedInvisibly: SubSequence {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isInvisible }),
      let last = scalars.lastIndex(where: { !$0.isInvisible })
    else { return self[startIndex..<startIndex] }
    return self[first..<scalars.index(after: last)]
  }

  /// Without empty lines in front and white space at the end; the first line's indentation is kept.
  var trimmedCode: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isInvisible }),
      let last = scalars.lastIndex(where: { !$0.isInvisible })
    else { return "" }
    let start = scalars[..<first].lastIndex(of: "\n").map(scalars.index(after:)) ?? startIndex
    // An invisible character in front of a statement is no Python.
    let indentation = String.UnicodeScalarView(
      scalars[start..<first].filter { $0 == " " || $0 == "\t" })
    return String(indentation) + String(self[first..<scalars.index(after: last)])
  }
}

extension Unicode.Scalar {
  /// White space, or a character that takes no room: zero-width spaces and joiners, byte order marks.
  var isInvisible: Bool {
    switch value {
    case 0x200B...0x200F, 0x2060...0x2064, 0xFEFF, 0x00AD, 0x180E: true
    default: properties.isWhitespace
    }
  }
}
