import Foundation

/// BERT's uncased tokenizer: cleaned, lower-cased text without accents, cut into words and those into
/// pieces of a vocabulary (Devlin et al., arXiv 1810.04805).
///
/// Gives the numbers that Hugging Face's `BertTokenizerFast` gives.
struct WordPieceTokenizer: Sendable {
  /// Words of more characters are unknown ones.
  private static let longestWord = 100

  private let pieces: [[UInt8]: Int32]
  private let unknown: Int32
  private let start: Int32
  private let end: Int32
  /// Tokens that stand for themselves where a text spells them out.
  private let special: [(text: String, token: Int32)]

  /// How many tokens there are.
  var vocabularySize: Int { pieces.count }

  /// - Parameter vocabulary: one piece a line; its number is the line's.
  /// - Throws: `embedding` if it is not such a list.
  init(vocabulary: Data) throws {
    var pieces: [[UInt8]: Int32] = [:]
    pieces.reserveCapacity(32_000)
    var number: Int32 = 0
    for line in vocabulary.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      var piece = [UInt8](line)
      if piece.last == UInt8(ascii: "\r") { piece.removeLast() }
      if piece.isEmpty { continue }
      pieces[piece] = number
      number += 1
    }
    func token(_ text: String) throws -> Int32 {
      guard let token = pieces[Array(text.utf8)] else {
        throw LibraryError(.embedding, "The vocabulary of the model lacks \(text).")
      }
      return token
    }
    unknown = try token("[UNK]")
    start = try token("[CLS]")
    end = try token("[SEP]")
    special = try ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map { ($0, try token($0)) }
    self.pieces = pieces
  }

  /// The tokens of a text between those for start and end, cut to `maximum` in all.
  func tokens(of text: String, maximum: Int) -> [Int32] {
    var found = [start]
    let most = maximum - 1
    // A token takes a character at least, and what is cut off need not be read, or only so far that
    // the last word is whole; spaces and signs that are dropped are rare.
    var rest = Substring(text)
    while !rest.isEmpty, found.count < most {
      let next = nextSpecial(in: rest)
      let plain = next.map { rest[..<$0.range.lowerBound] } ?? rest
      append(words(plain, most: most - found.count), to: &found, most: most)
      if let next, found.count < most { found.append(next.token) }
      rest = next.map { rest[$0.range.upperBound...] } ?? ""
    }
    if found.count > most { found.removeLast(found.count - most) }
    found.append(end)
    return found
  }

  private func nextSpecial(in text: Substring) -> (range: Range<Substring.Index>, token: Int32)? {
    guard text.utf8.contains(UInt8(ascii: "[")) else { return nil }
    return special.compactMap { item in
      text.firstRange(of: item.text).map { ($0, item.token) }
    }.min { $0.0.lowerBound < $1.0.lowerBound }
  }

  // MARK: Words

  /// The first words of a text, normalised, at most `most` of them.
  private func words(_ text: Substring, most: Int) -> [[Unicode.Scalar]] {
    var words: [[Unicode.Scalar]] = []
    var word: [Unicode.Scalar] = []
    func finish() {
      if !word.isEmpty { words.append(word) }
      word = []
    }
    // By pieces between spaces, so that a long text is read only as far as it is needed.
    for piece in text.unicodeScalars.split(whereSeparator: Self.isSpace) {
      for scalar in Self.normalised(piece) {
        if Self.isSpace(scalar) {
          finish()
        } else if Self.isPunctuation(scalar) || Self.isIdeograph(scalar) {
          finish()
          words.append([scalar])
        } else {
          word.append(scalar)
        }
      }
      finish()
      if words.count >= most { break }
    }
    return words
  }

  /// Without control characters and accents, in lower case.
  private static func normalised(_ piece: Substring.UnicodeScalarView.SubSequence)
    -> [Unicode.Scalar]
  {
    if piece.allSatisfy({ $0.value < 128 && $0.value >= 32 && $0.value != 127 }) {
      return piece.map { ("A"..."Z").contains($0) ? Unicode.Scalar(UInt8($0.value) + 32) : $0 }
    }
    var clean = String.UnicodeScalarView()
    for scalar in piece where !isDropped(scalar) { clean.append(scalar) }
    var result: [Unicode.Scalar] = []
    for scalar in String(clean).decomposedStringWithCanonicalMapping.unicodeScalars
    where scalar.properties.generalCategory != .nonspacingMark {
      result += scalar.properties.lowercaseMapping.unicodeScalars
    }
    return result
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20, 0x09, 0x0A, 0x0D: true
    case ..<0x85: false
    // A control character, which is dropped before spaces are looked for.
    case 0x85: false
    default: scalar.properties.isWhitespace
    }
  }

  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value == 0 || scalar.value == 0xFFFD { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .surrogate: return true
    default: return false
    }
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 33...47, 58...64, 91...96, 123...126: return true
    case ..<128: return false
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  /// Characters that stand each for a word of their own.
  private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
      0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }

  // MARK: Pieces

  private func append(_ words: [[Unicode.Scalar]], to found: inout [Int32], most: Int) {
    for word in words {
      if found.count >= most { return }
      found += tokens(of: word)
    }
  }

  /// The longest pieces from the left; one unknown token if a part of the word is in none.
  private func tokens(of word: [Unicode.Scalar]) -> [Int32] {
    guard word.count <= Self.longestWord else { return [unknown] }
    var bytes: [UInt8] = []
    // Where each character begins.
    var places: [Int] = []
    for scalar in word {
      places.append(bytes.count)
      bytes += UTF8.encode(scalar).map(Array.init) ?? []
    }
    places.append(bytes.count)
    if let whole = pieces[bytes] { return [whole] }
    var found: [Int32] = []
    var first = 0
    while first < word.count {
      var last = word.count
      var token: Int32?
      while last > first {
        let part = Array(bytes[places[first]..<places[last]])
        token = pieces[first == 0 ? part : [0x23, 0x23] + part]
        if token != nil { break }
        last -= 1
      }
      guard let token else { return [unknown] }
      found.append(token)
      first = last
    }
    return found
  }
}
