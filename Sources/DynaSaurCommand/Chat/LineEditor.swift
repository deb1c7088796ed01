import Foundation
import PythonRuntime
import Synchronization

/// Reads lines from a terminal, with the cursor keys, a history, and Ctrl-A, E, K, U, W, L.
///
/// Ctrl-C empties the line, Ctrl-D on an empty line ends the input.
struct LineEditor {
  /// Whether a person can edit: standard input and output are a terminal that can move its cursor.
  static var isPossible: Bool {
    isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
      && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  private static let mostEntries = 500

  private let file: URL?
  private var entries: [String]

  /// - Parameter history: The file that keeps earlier lines; nil for none.
  init(history: URL?) {
    file = history
    let text = history.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
    entries = text.split(separator: "\n").map(String.init).suffix(Self.mostEntries)
  }

  /// The next line; nil at the end of the input.
  mutating func line(prompt: String) async throws -> String? {
    let entries = entries
    let isCancelled = Atomic(false)
    let line: String? = try await withTaskCancellationHandler {
      try await offPool {
        var reading = Reading(prompt: prompt, entries: entries)
        return try reading.run { isCancelled.load(ordering: .relaxed) }
      }
    } onCancel: {
      isCancelled.store(true, ordering: .relaxed)
    }
    if let line { remember(line) }
    return line
  }

  private mutating func remember(_ line: String) {
    let text = line.trimmingCharacters(in: .whitespaces)
    guard !text.isEmpty, text != entries.last else { return }
    entries = (entries + [text]).suffix(Self.mostEntries)
    guard let file else { return }
    try? FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    // A history that cannot be kept is no reason to stop.
    try? Data((entries.joined(separator: "\n") + "\n").utf8).write(to: file, options: .atomic)
  }
}

/// One line while it is edited.
private struct Reading {
  let prompt: String
  let entries: [String]
  private var text: [Character] = []
  private var cursor = 0
  private var position: Int
  /// What was typed before the history was looked at.
  private var draft: [Character] = []
  private var bytes: [UInt8] = []

  init(prompt: String, entries: [String]) {
    self.prompt = prompt
    self.entries = entries
    position = entries.count
  }

  mutating func run(_ isCancelled: () -> Bool) throws -> String? {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
    raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    defer { tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }
    draw()
    while true {
      guard let key = try nextKey(isCancelled) else {
        write("\r\n")
        return text.isEmpty ? nil : String(text)
      }
      switch key {
      case .enter:
        cursor = text.count
        draw()
        write("\r\n")
        return String(text)
      case .control("C"):
        write("^C\r\n")
        (text, cursor, position) = ([], 0, entries.count)
      case .control("D"):
        if text.isEmpty {
          write("\r\n")
          return nil
        }
        remove(cursor, cursor + 1)
      default: edit(key)
      }
      draw()
    }
  }

  private enum Key: Equatable {
    case character(Character)
    case control(Character)
    case enter, backspace, delete, left, right, up, down, home, end, none
  }

  private mutating func edit(_ key: Key) {
    switch key {
    case .character(let character):
      text.insert(character, at: cursor)
      cursor += 1
    case .backspace, .control("H"): if cursor > 0 { remove(cursor - 1, cursor) }
    case .delete: remove(cursor, cursor + 1)
    case .left, .control("B"): cursor = max(0, cursor - 1)
    case .right, .control("F"): cursor = min(text.count, cursor + 1)
    case .home, .control("A"): cursor = 0
    case .end, .control("E"): cursor = text.count
    case .up, .control("P"): recall(position - 1)
    case .down, .control("N"): recall(position + 1)
    case .control("K"): remove(cursor, text.count)
    case .control("U"): remove(0, cursor)
    case .control("W"):
      var start = cursor
      while start > 0, text[start - 1] == " " { start -= 1 }
      while start > 0, text[start - 1] != " " { start -= 1 }
      remove(start, cursor)
    case .control("L"): write("\u{1B}[2J\u{1B}[H")
    default: break
    }
  }

  private mutating func remove(_ start: Int, _ end: Int) {
    let end = min(end, text.count)
    guard start < end else { return }
    text.removeSubrange(start..<end)
    cursor = start
  }

  private mutating func recall(_ wanted: Int) {
    guard (0...entries.count).contains(wanted), wanted != position else { return }
    if position == entries.count { draft = text }
    position = wanted
    text = wanted == entries.count ? draft : Array(entries[wanted])
    cursor = text.count
  }

  // MARK: - Screen

  /// The columns that a line may take: a longer text is shown around the cursor.
  private var room: Int {
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return max(Int(isKnown ? size.ws_col : 80) - 4, 8)
  }

  private func draw() {
    let widths = text.map(Self.width)
    var start = 0
    while widths[start..<cursor].reduce(0, +) > room { start += 1 }
    var end = start
    var used = 0
    while end < text.count, used + widths[end] <= room {
      used += widths[end]
      end += 1
    }
    let tail = widths[min(cursor, end)..<end].reduce(0, +)
    write(
      "\r\u{1B}[K" + prompt + String(text[start..<end]) + (tail > 0 ? "\u{1B}[\(tail)D" : ""))
  }

  /// The columns of a character: two for the wide ones of East Asia and most pictures.
  private static func width(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }

  // MARK: - Keys

  /// The next key; nil at the end of the input.
  private mutating func nextKey(_ isCancelled: () -> Bool) throws -> Key? {
    guard let byte = try nextByte(isCancelled) else { return nil }
    switch byte {
    case 0x0D, 0x0A: return .enter
    case 0x7F: return .backspace
    case 0x1B: return try escape(isCancelled)
    case 0x01...0x1A: return .control(Character(Unicode.Scalar(byte + 0x40)))
    case 0..<0x20: return Key.none
    default:
      var unit = [byte]
      let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
      while unit.count < length, let next = try nextByte(isCancelled) { unit.append(next) }
      guard let character = String(decoding: unit, as: UTF8.self).first else { return Key.none }
      return .character(character)
    }
  }

  private mutating func escape(_ isCancelled: () -> Bool) throws -> Key {
    guard let first = try nextByte(isCancelled),
      first == UInt8(ascii: "[") || first == UInt8(ascii: "O")
    else { return Key.none }
    var parameter = ""
    while let byte = try nextByte(isCancelled) {
      guard byte >= 0x40 else {
        parameter.append(Character(Unicode.Scalar(byte)))
        continue
      }
      switch (Character(Unicode.Scalar(byte)), parameter) {
      case ("A", _): return .up
      case ("B", _): return .down
      case ("C", _): return .right
      case ("D", _): return .left
      case ("H", _), ("~", "1"), ("~", "7"): return .home
      case ("F", _), ("~", "4"), ("~", "8"): return .end
      case ("~", "3"): return .delete
      default: return Key.none
      }
    }
    return Key.none
  }

  private mutating func nextByte(_ isCancelled: () -> Bool) throws -> UInt8? {
    while bytes.isEmpty {
      var event = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&event, 1, 50)
      if isCancelled() { throw CancellationError() }
      guard ready > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count == 0 { return nil }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return nil
      }
      bytes = Array(buffer[..<count])
    }
    return bytes.removeFirst()
  }
}
