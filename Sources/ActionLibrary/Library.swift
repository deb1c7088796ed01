import Foundation
import GRDB
import PythonRuntime
import Synchronization

/// The library in which actions accumulate: one SQLite file, used by several processes at once.
///
/// ```swift
/// let library = try await Library(at: URL(filePath: "actions.sqlite"))
/// for action in try await library.actions(relevantTo: "colours of spreadsheet cells", limit: 5) {
///   print(action.summary)
/// }
/// ```
public final class Library: Sendable {
  /// The file it lies in.
  public let url: URL
  let database: DatabasePool
  let plans = Mutex(LoadPlans())
  let collectors = UsageCollectors()
  let retrieval: Retrieval

  /// Opens the library in the file `url`, which is made if there is none.
  ///
  /// - Parameter embedders: What finds actions by meaning: the first is used; vectors that another of
  ///   them made serve until its own are there. Without any, actions are found by words alone.
  ///
  /// Throws ``LibraryError``: `cannotOpen`, `notALibrary`, `newerSchema`, `damaged`, `busy`.
  public init(at url: URL, embedders: [any Embedder] = []) async throws {
    self.url = url
    // Opening waits for other processes, which must not block Swift's own threads.
    database = try await offPool { try LibraryFile.open(url) }
    retrieval = Retrieval(url: url, database: database, embedders: embedders)
  }

  /// Closes the file. Without it, the file is closed with the last reference to the library.
  public func close() throws {
    let retrieval = retrieval
    Task { await retrieval.close() }
    try database.close()
  }

  // MARK: Reading

  /// The action of that name or alias: the version asked for, or the newest accepted one, or the
  /// newest.
  ///
  /// Throws `unknownAction` if there is none.
  public func action(named name: String, version: Int? = nil) async throws -> Action {
    let found = try await read { db in
      try ActionRecord.fetch(
        db,
        """
        WHERE action.name = ? AND (? IS NULL OR version = ?)
        ORDER BY status = 'accepted' DESC, version DESC LIMIT 1
        """, [try Self.properName(name, db), version, version])
    }
    if let action = found.first { return action }
    throw try await unknown(name, version: version)
  }

  /// The action with that content hash, or nil.
  public func action(hash: String) async throws -> Action? {
    try await read { db in try ActionRecord.fetch(db, "WHERE action.hash = ?", [hash]).first }
  }

  /// The newest version of every action, by name; only those of the given statuses.
  public func all(statuses: Set<Action.Status> = [.accepted]) async throws -> [Action] {
    let list = Self.list(statuses)
    return try await read { db in
      try ActionRecord.fetch(
        db,
        """
        WHERE status IN (\(list)) AND version = (SELECT max(version) FROM action AS other
          WHERE other.name = action.name AND other.status IN (\(list)))
        ORDER BY action.name
        """)
    }
  }

  /// All versions of an action, oldest first.
  public func versions(of name: String) async throws -> [Action] {
    let found = try await read { db in
      try ActionRecord.fetch(
        db, "WHERE action.name = ? ORDER BY version", [try Self.properName(name, db)])
    }
    if found.isEmpty { throw try await unknown(name, version: nil) }
    return found
  }

  /// How many actions have an accepted version.
  public var count: Int {
    get async throws {
      try await read { db in
        let sql = "SELECT count(DISTINCT name) FROM action WHERE status = 'accepted'"
        return try Int.fetchOne(db, sql: sql) ?? 0
      }
    }
  }

  /// Reads the whole file and throws `damaged` if anything in it is broken.
  public func checkIntegrity() async throws {
    let path = url.path
    let answer = try await read { db in
      try String.fetchOne(db, sql: "PRAGMA integrity_check") ?? ""
    }
    guard answer == "ok" else {
      throw LibraryError(.damaged, "\(path) is damaged: \(answer). Restore it from an export.")
    }
  }

  // MARK: Access

  func read<Value: Sendable>(_ body: @Sendable @escaping (Database) throws -> Value) async throws
    -> Value
  {
    try await LibraryFile.explaining(url.path) { try await self.database.read(body) }
  }

  func write<Value: Sendable>(_ body: @Sendable @escaping (Database) throws -> Value) async throws
    -> Value
  {
    try await LibraryFile.explaining(url.path) { try await self.database.write(body) }
  }

  static func list(_ statuses: Set<Action.Status>) -> String {
    statuses.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
  }

  /// The name of the action that `name` stands for, which may be an alias.
  static func properName(_ name: String, _ db: Database) throws -> String {
    let sql = """
      SELECT action.name FROM alias JOIN action ON action.id = alias.action WHERE alias.name = ?
      """
    return try String.fetchOne(db, sql: sql, arguments: [name]) ?? name
  }

  /// The error for a name that is not there, with the names that come near.
  func unknown(_ name: String, version: Int?) async throws -> LibraryError {
    let names = try await read { db in
      try String.fetchAll(
        db, sql: "SELECT name FROM action UNION SELECT name FROM alias ORDER BY 1")
    }
    if let version, names.contains(name) {
      return LibraryError(.unknownAction, "The library has no version \(version) of \(name).")
    }
    let near = names.filter { $0.lowercased().contains(name.lowercased()) || name.contains($0) }
    let hint =
      names.isEmpty
      ? "It is empty."
      : near.isEmpty ? "" : "Did you mean \(near.prefix(3).joined(separator: ", "))?"
    return LibraryError(
      .unknownAction,
      "The library has no action named \(name). \(hint)".trimmingCharacters(in: .whitespaces))
  }
}
