import Foundation
import GRDB

/// Opens the SQLite file of a library, and says in plain words why it cannot be opened or used.
enum LibraryFile {
  /// How long a process waits for another one that is writing.
  static let busyTimeout: TimeInterval = 30

  static func open(_ url: URL) throws -> DatabasePool {
    let path = url.path
    do {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw LibraryError(
        .cannotOpen, "The folder of \(path) cannot be made: \(reason(error)).", underlying: error)
    }
    try checkHeader(url)
    return try waiting {
      try explaining(path) {
        try checkContent(url)
        let pool = try DatabasePool(path: path, configuration: configuration())
        try pool.write { db in try Schema.migrate(db, path: path) }
        return pool
      }
    }
  }

  /// Runs `body`; what SQLite says comes out as a `LibraryError`.
  static func explaining<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw explained(error, path)
    }
  }

  static func explaining<Result: Sendable>(
    _ path: String, _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch let error as DatabaseError {
      throw explained(error, path)
    }
  }

  static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(busyTimeout)
    configuration.label = "DynaSaur.ActionLibrary"
    configuration.prepareDatabase { db in
      // What is acknowledged survives a loss of power, at 0.06 ms a transaction.
      try db.execute(sql: "PRAGMA synchronous = FULL")
      // In KiB, taken as it is used. A writer that adds many actions touches a page of an index for each:
      // with less room, every page is written several times.
      if !db.configuration.readonly { try db.execute(sql: "PRAGMA cache_size = -65536") }
    }
    return configuration
  }

  /// Tells a file of another kind before SQLite is asked, which would only say "not a database".
  private static func checkHeader(_ url: URL) throws {
    let path = url.path
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return }
    if isDirectory.boolValue {
      throw LibraryError(
        .cannotOpen, "\(path) is a folder. Name a file in it, such as \(path)/actions.sqlite.")
    }
    let header: Data
    do {
      let file = try FileHandle(forReadingFrom: url)
      defer { try? file.close() }
      header = try file.read(upToCount: 16) ?? Data()
    } catch {
      throw LibraryError(
        .cannotOpen, "\(path) cannot be read: \(reason(error)). Check its permissions.",
        underlying: error)
    }
    guard header.isEmpty || header == Data("SQLite format 3\0".utf8) else {
      throw LibraryError(
        .notALibrary,
        "\(path) is no library of actions (it is not even a database). Name another file; "
          + "a new one is made where none is.")
    }
  }

  /// Looks at an existing database without changing it: opening a pool turns WAL mode on.
  private static func checkContent(_ url: URL) throws {
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    guard let size = attributes?[.size] as? Int, size > 0 else { return }
    var readOnly = configuration()
    readOnly.readonly = true
    let queue = try DatabaseQueue(path: url.path, configuration: readOnly)
    try queue.read { db in try Schema.check(db, path: url.path) }
    try queue.close()
  }

  /// Repeats `body` while another process is just making, recovering or closing the file: SQLite
  /// reports these moments at once, whatever the busy timeout.
  private static func waiting<Result>(_ body: () throws -> Result) throws -> Result {
    let end = Date(timeIntervalSinceNow: busyTimeout)
    while true {
      do {
        return try body()
      } catch let error as LibraryError where error.code == .busy && Date() < end {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  private static func explained(_ error: DatabaseError, _ path: String) -> LibraryError {
    let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
      return LibraryError(
        .busy, "Another process keeps \(path) locked. Wait for it or end it, then try again.",
        underlying: error)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
      return LibraryError(
        .damaged,
        "\(path) is damaged (\(detail)). Restore it from an export or a copy, or move it away "
          + "to start with an empty library; `sqlite3 \(path) .recover` may save its content.",
        underlying: error)
    case _ where isWriteFailure(error):
      return LibraryError(
        .full, "There is no room left to write \(path). Free some, then try again.",
        underlying: error)
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_AUTH:
      return LibraryError(
        .cannotOpen,
        "\(path) cannot be opened for reading and writing (\(detail)). Check that the file and "
          + "its folder exist and belong to you.", underlying: error)
    default:
      return LibraryError(
        .damaged, "\(path) does not work as a library of actions: \(detail).", underlying: error)
    }
  }

  /// SQLite calls a disk full by that name only where the system does; a quota or a limit on the size of
  /// files is a failed write to it.
  private static func isWriteFailure(_ error: DatabaseError) -> Bool {
    let writes: [ResultCode] = [
      .SQLITE_FULL, .SQLITE_IOERR_WRITE, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_TRUNCATE,
      .SQLITE_IOERR_SHMSIZE,
    ]
    return writes.contains(error.extendedResultCode)
  }

  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    if let underlying, underlying.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(underlying.code)))
    }
    return error.localizedDescription
  }
}
