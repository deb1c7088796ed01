import Foundation
import LanguageModels

/// Files of benchmarks as they are met: with what goes wrong when data are fetched.
enum DataFile {
  /// The bytes of a file of data.
  ///
  /// - Throws: ``EvaluationError`` with `unreadableData`: it is not there, it is empty, it is a Git LFS
  ///   pointer, or a page that a gated data set answers with.
  static func contents(of url: URL) throws -> Data {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw failure(url, "cannot be read. Check its path and permissions.", error)
    }
    try check(data, url)
    return data
  }

  /// Refuses what stands in the place of data.
  static func check(_ data: Data, _ url: URL) throws {
    if data.isEmpty { throw failure(url, "is empty. Fetch it again.") }
    let head = String(decoding: data.prefix(400), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    if head.hasPrefix("version https://git-lfs.github.com/spec/") {
      throw failure(
        url,
        "is a Git LFS pointer, not the data. Run `git lfs pull` in its folder, or download the file."
      )
    }
    let lowercased = head.lowercased()
    let isPage = lowercased.hasPrefix("<!doctype html") || lowercased.hasPrefix("<html")
    let isRefusal =
      lowercased.hasPrefix("access to dataset")
      || lowercased.hasPrefix("invalid username or password")
      || (lowercased.hasPrefix("{\"error\"") && data.count < 4096)
    if isPage || isRefusal {
      throw failure(
        url,
        "is no data but a refusal or a web page. The data set may be gated: accept its conditions on its "
          + "page, log in, and download it again.")
    }
  }

  /// The objects of a file of JSON lines.
  static func jsonLines(_ url: URL) throws -> [JSONValue] {
    let data = try contents(of: url)
    var rows: [JSONValue] = []
    for (number, line) in data.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    )
    .enumerated() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      do {
        let row = try JSONValue(parsing: line)
        guard row.members != nil else { throw failure(url, "has no object in line \(number + 1).") }
        rows.append(row)
      } catch let error as JSONSyntaxError {
        throw failure(url, "is no file of JSON lines: line \(number + 1) is \(error).", error)
      }
    }
    if rows.isEmpty { throw failure(url, "holds no record.") }
    return rows
  }

  /// The value of a JSON file.
  static func json(_ url: URL) throws -> JSONValue {
    do {
      return try JSONValue(parsing: contents(of: url))
    } catch let error as JSONSyntaxError {
      throw failure(url, "is \(error).", error)
    }
  }

  /// The records of a CSV file, by the names of its header. Values are texts.
  static func csv(_ url: URL) throws -> [JSONValue] {
    let rows = try CSV.rows(of: contents(of: url), name: url.path)
    guard let header = rows.first, rows.count > 1 else { throw failure(url, "holds no record.") }
    return try rows.dropFirst().enumerated().map { number, row in
      guard row.count == header.count else {
        throw failure(
          url, "has \(row.count) fields in record \(number + 1), and \(header.count) in its header."
        )
      }
      return .object(zip(header, row).map { JSONValue.Member($0, .string($1)) })
    }
  }

  /// Demands columns of a record.
  static func require(_ columns: [String], in row: JSONValue, of url: URL, for benchmark: String)
    throws
  {
    let missing = columns.filter { row[$0] == nil }
    guard !missing.isEmpty else { return }
    let there = (row.members ?? []).prefix(12).map(\.key).joined(separator: ", ")
    throw failure(
      url,
      "is not \(benchmark): it lacks \(missing.joined(separator: ", ")). Its columns begin with: "
        + "\(there).")
  }

  static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

  static func failure(
    _ url: URL, _ problem: String, _ underlying: (any Error)? = nil
  ) -> EvaluationError {
    EvaluationError(.unreadableData, "\(url.path) \(problem)", underlying: underlying)
  }
}

extension JSONValue {
  /// The member as text: numbers too, since copies of the same data differ in that.
  func text(of key: String) -> String? {
    switch self[key] {
    case .string(let text): text
    case .integer(let number): String(number)
    case .number(let number): Int(exactly: number).map { String($0) } ?? String(number)
    default: nil
    }
  }
}

/// Comma-separated values: RFC 4180, with line breaks of either kind.
enum CSV {
  /// The rows of a file; a field in quotes may hold commas, line breaks and doubled quotes.
  static func rows(of data: Data, name: String) throws -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var wasQuoted = false
    let bytes = Array(data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data[...])
    func endField() throws {
      guard let text = String(validating: field, as: UTF8.self) else {
        throw EvaluationError(
          .unreadableData, "\(name) is not UTF-8 text: record \(rows.count) cannot be read.")
      }
      row.append(text)
      field = []
      wasQuoted = false
    }
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if isQuoted {
        if byte != UInt8(ascii: "\"") {
          field.append(byte)
        } else if index < bytes.count, bytes[index] == byte {
          field.append(byte)
          index += 1
        } else {
          isQuoted = false
          wasQuoted = true
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted: isQuoted = true
      case UInt8(ascii: ","): try endField()
      case UInt8(ascii: "\r") where index < bytes.count && bytes[index] == UInt8(ascii: "\n"): break
      case UInt8(ascii: "\n"):
        if row.isEmpty, field.isEmpty, !wasQuoted { continue }
        try endField()
        rows.append(row)
        row = []
      default: field.append(byte)
      }
    }
    guard !isQuoted else {
      throw EvaluationError(
        .unreadableData,
        "\(name) ends inside of quotes: it is cut off, or no CSV file. Fetch it again.")
    }
    if !row.isEmpty || !field.isEmpty || wasQuoted {
      try endField()
      rows.append(row)
    }
    return rows
  }
}
