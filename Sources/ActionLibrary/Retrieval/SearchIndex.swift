import GRDB

/// Keeps the entries of search in step with the actions: of every name and status the newest
/// version.
enum SearchIndex {
  /// Enters what is to be found of the name of the action in row `id`, and takes out what is not.
  static func update(_ id: Int64, _ db: Database) throws {
    let name = try String.fetchOne(
      db.cachedStatement(sql: "SELECT name FROM action WHERE id = ?"), arguments: [id])
    guard let name else { return }
    let wanted = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT id, status, docstring, details, max(version) FROM action WHERE name = ?
          GROUP BY status
          """), arguments: [name])
    var present = try Set(
      Int64.fetchAll(
        db.cachedStatement(
          sql: "SELECT action FROM entry WHERE action IN (SELECT id FROM action WHERE name = ?)"),
        arguments: [name]))
    for row in wanted {
      let id: Int64 = row["id"]
      let details = try ActionRecord.decode(ActionRecord.Details.self, row["details"])
      let entry = Entry(
        action: id, status: row["status"], effects: EffectMask(details.effects).rawValue,
        requirements: details.requirements.keys.map(PackageName.normalised).sorted()
          .joined(separator: "\n"))
      if present.remove(id) != nil {
        try EntryTable.update(entry, db)
      } else {
        try add(entry, name: name, docstring: row["docstring"] ?? "", db)
      }
    }
    for id in present {
      try db.execute(sql: "DELETE FROM entry WHERE action = ?", arguments: [id])
    }
    try CommonTerms.refreshIfDue(db)
  }

  /// Enters an action that is not there yet.
  static func add(_ entry: Entry, name: String, docstring: String, _ db: Database) throws {
    let summary = EmbeddedText.firstParagraph(of: docstring)
    let names = Self.words(of: name)
    let length = [names, docstring].map { text in
      text.split { !$0.isLetter && !$0.isNumber }.count
    }
    try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO search (rowid, name, summary, docstring) VALUES (?, ?, ?, ?)"
    ).execute(arguments: [entry.action, names, summary, rest(of: docstring)])
    try EntryTable.insert(entry, length: length[0] + length[1], db)
    // The same text may have been turned into a vector before.
    let text = EmbeddedText.text(name: name, docstring: docstring)
    if let space = try EntryTable.servingSpace(db),
      let known = try EmbeddingTable.find(text, in: space, db)
    {
      try EntryTable.setVector(known, of: entry.action, in: space, db)
    }
  }

  /// What follows the first paragraph.
  private static func rest(of docstring: String) -> String {
    guard let end = docstring.firstRange(of: "\n\n") else { return "" }
    return String(docstring[end.upperBound...])
  }

  /// The words of a name and, if they differ, the name as it is written.
  static func words(of name: String) -> String {
    let words = EmbeddedText.words(of: name).joined(separator: " ")
    return words == name ? name : "\(words) \(name)"
  }
}
