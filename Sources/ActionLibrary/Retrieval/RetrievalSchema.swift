import GRDB

/// The tables of retrieval, in the same file as the actions.
enum RetrievalSchema {
  /// Changes that the log keeps: who is further behind reads all entries again.
  static let logLength = 100_000

  /// Takes away what insertions paid for and no search used.
  static func makeInsertionsCheaper(_ db: Database) throws {
    try db.execute(
      sql: """
        DROP INDEX entry_embedding;

        -- One row each time a row is added took as long as adding it.
        DROP TRIGGER entry_change_cut;
        CREATE TRIGGER entry_change_cut AFTER INSERT ON entry_change WHEN new.number % 1000 = 0 BEGIN
          DELETE FROM entry_change WHERE number <= new.number - \(logLength);
        END;
        """)
  }

  static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        -- What made vectors: those of different spaces are never compared.
        CREATE TABLE embedding_space (
          id INTEGER PRIMARY KEY,
          model TEXT NOT NULL,
          dimension INTEGER NOT NULL,
          template TEXT NOT NULL,
          prefix TEXT NOT NULL,
          UNIQUE (model, dimension, template, prefix)
        );

        -- Vectors by the text they were made from: little-endian floats, scaled to length 1.
        -- Numbers are not used twice: an entry must not come to another text's vector.
        CREATE TABLE embedding (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          space INTEGER NOT NULL REFERENCES embedding_space (id) ON DELETE CASCADE,
          hash INTEGER NOT NULL,
          text TEXT NOT NULL,
          vector BLOB NOT NULL,
          checksum INTEGER NOT NULL
        );
        CREATE INDEX embedding_hash ON embedding (space, hash);

        -- What can be found: of every name and status the newest version. Its vector, of the space
        -- that serves, as int8 codes with a scale and a bound of their error; null until it is made.
        CREATE TABLE entry (
          action INTEGER PRIMARY KEY REFERENCES action (id) ON DELETE CASCADE,
          status TEXT NOT NULL,
          effects INTEGER NOT NULL,
          requirements TEXT NOT NULL,
          length INTEGER NOT NULL,
          embedding INTEGER,
          scale REAL,
          residual REAL,
          codes BLOB,
          checksum INTEGER
        );
        CREATE INDEX entry_pending ON entry (action) WHERE embedding IS NULL;
        CREATE INDEX entry_embedding ON entry (embedding);

        -- What changed, for the other processes and connections.
        CREATE TABLE entry_change (number INTEGER PRIMARY KEY AUTOINCREMENT, action INTEGER NOT NULL);
        CREATE TRIGGER entry_added AFTER INSERT ON entry BEGIN
          INSERT INTO entry_change (action) VALUES (new.action);
        END;
        CREATE TRIGGER entry_changed AFTER UPDATE ON entry BEGIN
          INSERT INTO entry_change (action) VALUES (new.action);
        END;
        CREATE TRIGGER entry_gone AFTER DELETE ON entry BEGIN
          INSERT INTO entry_change (action) VALUES (old.action);
          DELETE FROM search WHERE rowid = old.action;
        END;
        CREATE TRIGGER entry_change_cut AFTER INSERT ON entry_change BEGIN
          DELETE FROM entry_change WHERE number = new.number - \(logLength);
        END;

        CREATE TABLE retrieval_setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

        -- Words that stand in many entries, with how often: reading their places takes time.
        CREATE TABLE common_term (term TEXT PRIMARY KEY, occurrences INTEGER NOT NULL) WITHOUT ROWID;
        CREATE VIRTUAL TABLE search_term USING fts5vocab (search, 'row');
        CREATE VIRTUAL TABLE search_instance USING fts5vocab (search, 'instance');

        DELETE FROM search;
        """)
    let one = try Int64.fetchAll(db, sql: "SELECT min(id) FROM action GROUP BY name")
    for id in one { try SearchIndex.update(id, db) }
  }
}
