import LanguageModels

/// A reply, or a part of it, as JSON.
enum JSONReply {
  enum Finding {
    case content(ReplyContent)
    /// It was meant as JSON, and this is wrong with it.
    case problem(String)
    /// It was not meant as JSON.
    case none
  }

  /// The object with thought and code: the text itself, a block's content, or somewhere in the text.
  static func find(in text: String, fenced blocks: [FencedBlock]) -> Finding {
    var problem: String?
    let trimmed = text.trimmedInvisibly
    if trimmed.utf8.first == UInt8(ascii: "{") {
      switch read(Array(trimmed.utf8)[...]) {
      case .content(let content): return .content(content)
      case .problem(let found): problem = found
      case .none: break
      }
    }
    for block in blocks where block.language == "json" || block.language.isEmpty {
      let bytes = Array(block.text.trimmedInvisibly.utf8)
      guard bytes.first == UInt8(ascii: "{") else { continue }
      switch read(bytes[...]) {
      case .content(let content): return .content(content)
      case .problem(let found): problem = problem ?? found
      case .none: break
      }
    }
    // Code in a block may hold such objects of its own: only text without Python is searched.
    if problem == nil, !blocks.contains(where: \.isPython) {
      switch firstObject(in: text, having: ["code", "thought"]) {
      case .object(let object): return content(of: object)
      case .cut: return .problem(cut)
      case .none: break
      }
    }
    return problem.map(Finding.problem) ?? .none
  }

  enum Search {
    case object(JSONValue)
    /// An object begins, with one of the members, and does not end.
    case cut
    case none
  }

  /// The first object in a text that has one of these members; the text around it does not matter.
  static func firstObject(in text: String, having names: Set<String>) -> Search {
    let bytes = Array(text.utf8)
    var start = bytes.startIndex
    while let brace = bytes[start...].firstIndex(of: UInt8(ascii: "{")) {
      // Inside an object that does not end, none ends either: looking on would take ever longer.
      guard let object = LenientObject(bytes[brace...]) else {
        let first = bytes[(brace + 1)...].drop(while: \.isJSONSpace)
        return names.contains { first.starts(with: "\"\($0)\"".utf8) } ? .cut : .none
      }
      if let value = try? JSONValue(parsing: object.json),
        names.contains(where: { value.member($0) != nil })
      {
        return .object(value)
      }
      start = object.end
    }
    return .none
  }

  /// Reads an object at the start of `bytes`; what follows it does not matter.
  private static func read(_ bytes: ArraySlice<UInt8>) -> Finding {
    guard let object = LenientObject(bytes) else { return .problem(cut) }
    do {
      return content(of: try JSONValue(parsing: object.json))
    } catch {
      return .problem("The reply looks like a JSON object, but is \(error).")
    }
  }

  private static let cut =
    "The JSON object is not closed, so the reply may have been cut off. Nothing was run. Reply again, "
    + "with less code in one step."

  private static func content(of object: JSONValue) -> Finding {
    guard let member = object.member("code"), member != .null else {
      return .problem(
        "The JSON object has no \"code\". Every step needs code; to end the task, call "
          + "submit_final_answer in it.")
    }
    guard var code = member.string ?? lines(member) else {
      return .problem("The \"code\" of the JSON object is not a text.")
    }
    code = unfenced(code).trimmedCode
    guard !code.isEmpty else {
      return .problem("The \"code\" of the JSON object is empty. There is nothing to run.")
    }
    let thought = object.member("thought").map { value in
      value == .null ? "" : value.string ?? lines(value) ?? value.text()
    }
    return .content(ReplyContent(thought: String((thought ?? "").trimmedInvisibly), code: code))
  }

  /// A list of texts as lines.
  private static func lines(_ value: JSONValue) -> String? {
    guard let values = value.array else { return nil }
    let lines = values.compactMap(\.string)
    return lines.count == values.count ? lines.joined(separator: "\n") : nil
  }

  /// Code that was put in a fence once more.
  private static func unfenced(_ code: String) -> String {
    let text = code.trimmedInvisibly
    guard text.hasPrefix("```") || text.hasPrefix("~~~") else { return code }
    let blocks = FencedBlock.all(in: String(text)).filter { $0.isPython || $0.language.isEmpty }
    return blocks.isEmpty ? code : blocks.map(\.text).joined(separator: "\n")
  }
}

extension JSONValue {
  /// The member of that name, in whatever case it is written.
  fileprivate func lowercasedMember(_ name: String) -> JSONValue? {
    members?.last { $0.key.lowercased() == name }?.value
  }

  func member(_ name: String) -> JSONValue? { self[name] ?? lowercasedMember(name) }
}

/// An object at the start of bytes, made into JSON where models often miss it by a little: line breaks
/// and other control characters in texts, backslashes that begin no escape (as in `\d`), and commas
/// before a closing bracket.
private struct LenientObject {
  /// The object as JSON, as far as that is all that was wrong.
  let json: [UInt8]
  /// Where it ends.
  let end: Int

  /// Nil if the object does not end.
  init?(_ bytes: ArraySlice<UInt8>) {
    var json: [UInt8] = []
    var depth = 0
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let end = Self.copyText(bytes, from: index, to: &json) else { return nil }
        index = end
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        json.append(byte)
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if let last = json.lastIndex(where: { !$0.isJSONSpace }), json[last] == UInt8(ascii: ",") {
          json.remove(at: last)
        }
        json.append(byte)
        depth -= 1
        if depth == 0 {
          self.json = json
          end = index
          return
        }
      default: json.append(byte)
      }
    }
    return nil
  }

  /// Copies a text whose opening quote is before `start`; the index after its closing quote.
  private static func copyText(
    _ bytes: ArraySlice<UInt8>, from start: Int, to json: inout [UInt8]
  ) -> Int? {
    json.append(UInt8(ascii: "\""))
    var index = start
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        json.append(byte)
        return index
      case UInt8(ascii: "\\"):
        guard index < bytes.endIndex else { return nil }
        let escaped = bytes[index]
        index += 1
        switch escaped {
        case UInt8(ascii: "u") where !Self.isHexadecimal(bytes[index...].prefix(4)):
          json += [byte, byte, escaped]
        case _ where Self.escapes.contains(escaped): json += [byte, escaped]
        case 0..<0x20:
          json += [byte, byte]
          Self.appendEscaped(escaped, to: &json)
        default: json += [byte, byte, escaped]
        }
      case 0..<0x20: Self.appendEscaped(byte, to: &json)
      default: json.append(byte)
      }
    }
    return nil
  }

  private static let escapes = Set(#""\/bfnrtu"#.utf8)

  private static func isHexadecimal(_ digits: ArraySlice<UInt8>) -> Bool {
    digits.count == 4 && digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
  }

  private static func appendEscaped(_ control: UInt8, to json: inout [UInt8]) {
    let digits = String(control, radix: 16)
    json += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
  }
}

extension UInt8 {
  fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
