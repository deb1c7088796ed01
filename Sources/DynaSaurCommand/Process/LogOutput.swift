import Foundation
import Logging

/// Where log lines go: to standard error, so that standard output stays what was asked for.
enum LogOutput {
  /// Installs the handler, with the level that `DYNASAUR_LOG` names; otherwise warnings are shown.
  ///
  /// - Throws: `CommandFailure`: wrong use.
  static func install() throws {
    let name = ProcessInfo.processInfo.environment["DYNASAUR_LOG"] ?? ""
    guard let level = name.isEmpty ? .warning : Logger.Level(rawValue: name.lowercased()) else {
      let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw CommandFailure.wrongUse("DYNASAUR_LOG is no level: set it to one of \(names).")
    }
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
  }
}
