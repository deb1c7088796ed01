import GRDB

/// The tables of a library file, and the steps that lead from one version of them to the next.
enum Schema {
  /// "Dyna" in ASCII, in the file's header: tells a library from any other SQLite file.
  static let applicationID: Int32 = 0x4479_6E61

  /// Each entry takes the schema one version further. Entries are only ever added.
  private static let steps: [@Sendable (Database) throws -> Void] = [
    createTables, addTrustAndAliases, RetrievalSchema.create, RetrievalSchema.makeInsertionsCheaper,
    EntryBlocks.create,
  ]

  static var version: Int { steps.count }

  /// Throws unless `db` is empty or a library that this program understands. Writes nothing.
  static func check(_ db: Database, path: String) throws {
    let identifier = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    guard identifier == applicationID || (identifier == 0 && tables == 0) else {
      throw LibraryError(
        .notALibrary,
        "\(path) is a database of another program, not a library of actions. "
          + "Name another file; a new one is made where none is.")
    }
    guard found <= version else {
      throw LibraryError(
        .newerSchema,
        "\(path) was written by a newer version of this program (schema \(found), this one "
          + "knows \(version)). Update this program, or export the library with the newer one.")
    }
  }

  /// Brings `db` up to date. One transaction, so that of several processes one does the work.
  static func migrate(_ db: Database, path: String) throws {
    try check(db, path: path)
    let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard found < version else { return }
    for step in steps[found...] {
      try step(db)
    }
    try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    try db.execute(sql: "PRAGMA user_version = \(version)")
  }

  private static func createTables(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE action (
          id INTEGER PRIMARY KEY,
          name TEXT NOT NULL,
          version INTEGER NOT NULL,
          revision INTEGER NOT NULL,
          hash TEXT NOT NULL UNIQUE,
          shape TEXT NOT NULL,
          status TEXT NOT NULL,
          verification TEXT NOT NULL,
          source TEXT NOT NULL,
          docstring TEXT,
          -- JSON: what is read together and never searched.
          details TEXT NOT NULL,
          UNIQUE (name, version)
        );
        CREATE INDEX action_shape ON action (shape);
        CREATE INDEX action_status ON action (status, name);

        CREATE TABLE dependency (
          action INTEGER NOT NULL REFERENCES action (id) ON DELETE CASCADE,
          name TEXT NOT NULL,
          target TEXT NOT NULL,
          hash TEXT NOT NULL,
          PRIMARY KEY (action, name)
        ) WITHOUT ROWID;
        CREATE INDEX dependency_hash ON dependency (hash);

        CREATE TABLE example (
          action INTEGER NOT NULL REFERENCES action (id) ON DELETE CASCADE,
          number INTEGER NOT NULL,
          call TEXT NOT NULL,
          PRIMARY KEY (action, number)
        ) WITHOUT ROWID;

        CREATE TABLE usage (
          action INTEGER PRIMARY KEY REFERENCES action (id) ON DELETE CASCADE,
          calls INTEGER NOT NULL,
          failures INTEGER NOT NULL,
          lastUse INTEGER,
          lastSuccess INTEGER,
          lastError TEXT
        );

        -- What happened to actions, also to those that are gone.
        CREATE TABLE event (
          id INTEGER PRIMARY KEY,
          time INTEGER NOT NULL,
          name TEXT NOT NULL,
          version INTEGER NOT NULL,
          hash TEXT NOT NULL,
          kind TEXT NOT NULL,
          reasons TEXT NOT NULL
        );
        CREATE INDEX event_name ON event (name);

        CREATE VIRTUAL TABLE search USING fts5 (
          name, summary, docstring, tokenize = "porter unicode61 remove_diacritics 2"
        );
        """)
  }

  private static func addTrustAndAliases(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE trust (
          action INTEGER PRIMARY KEY REFERENCES action (id) ON DELETE CASCADE,
          person TEXT NOT NULL,
          time INTEGER NOT NULL
        );

        -- Other names of an action, each given by a function that differs in words only.
        CREATE TABLE alias (
          name TEXT PRIMARY KEY,
          action INTEGER NOT NULL REFERENCES action (id) ON DELETE CASCADE
        ) WITHOUT ROWID;
        CREATE INDEX alias_action ON alias (action);
        """)
  }
}
