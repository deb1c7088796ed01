/// The lines in which two texts differ, as `diff -u` shows them.
enum UnifiedDiff {
  private enum Line {
    case kept(Substring)
    case removed(Substring)
    case added(Substring)

    var isChange: Bool { if case .kept = self { false } else { true } }

    var text: String {
      switch self {
      case .kept(let line): " \(line)"
      case .removed(let line): "-\(line)"
      case .added(let line): "+\(line)"
      }
    }
  }

  /// Lines around each change that are shown too.
  private static let context = 3

  /// Without a final newline each; empty where the texts are equal.
  static func lines(_ old: String, _ new: String, from oldName: String, to newName: String)
    -> [String]
  {
    let all = merged(split(old), split(new))
    var shown: [String] = []
    var index = 0
    var (oldLine, newLine) = (1, 1)
    while index < all.count {
      guard let first = all[index...].firstIndex(where: \.isChange) else { break }
      let start = max(index, first - context)
      for line in all[index..<start] { count(line, &oldLine, &newLine) }
      var end = first
      // Changes that are close together share a hunk.
      while let next = all[end...].firstIndex(where: \.isChange), next - end <= 2 * context {
        end = next + 1
      }
      end = min(all.count, end + context)
      let hunk = all[start..<end]
      let (oldStart, newStart) = (oldLine, newLine)
      for line in hunk { count(line, &oldLine, &newLine) }
      shown.append(
        "@@ -\(oldStart),\(oldLine - oldStart) +\(newStart),\(newLine - newStart) @@")
      shown += hunk.map(\.text)
      index = end
    }
    return shown.isEmpty ? [] : ["--- \(oldName)", "+++ \(newName)"] + shown
  }

  private static func split(_ text: String) -> [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func count(_ line: Line, _ old: inout Int, _ new: inout Int) {
    switch line {
    case .kept: (old, new) = (old + 1, new + 1)
    case .removed: old += 1
    case .added: new += 1
    }
  }

  private static func merged(_ old: [Substring], _ new: [Substring]) -> [Line] {
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in new.difference(from: old) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var lines: [Line] = []
    var (first, second) = (0, 0)
    while first < old.count || second < new.count {
      if removed.contains(first) {
        lines.append(.removed(old[first]))
        first += 1
      } else if added.contains(second) {
        lines.append(.added(new[second]))
        second += 1
      } else {
        lines.append(.kept(new[second]))
        (first, second) = (first + 1, second + 1)
      }
    }
    return lines
  }
}
