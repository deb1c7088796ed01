import Foundation
import LanguageModels
import PythonRuntime

/// Parquet, as far as an installed pyarrow reads it.
public enum ParquetFile {
  /// The rows of a file, each as JSON.
  ///
  /// - Parameter open: Opens a confined session that may read the file.
  /// - Throws: ``EvaluationError`` with `missingPackage` or `unreadableData`.
  public static func rows(
    of url: URL, open: @Sendable () async throws -> any Session
  ) async throws -> [JSONValue] {
    let session = try await open()
    do {
      let answer = try await session.call(
        "dynasaur_evaluation.parquet:rows", arguments: [.string(url.standardizedFileURL.path)])
      await session.close()
      guard case .list(let rows) = answer else {
        throw EvaluationError(
          .missingPackage,
          "Parquet files are read with pyarrow, which is not installed. Run `make setup`, or `dynasaur "
            + "setup` where the program is installed elsewhere; or give the data as JSON lines."
        )
      }
      return try rows.map { row in
        guard case .string(let text) = row else { throw DataFile.failure(url, "has a broken row.") }
        return try JSONValue(parsing: text)
      }
    } catch let exception as PythonException {
      await session.close()
      throw DataFile.failure(
        url, "is no Parquet file that can be read: \(exception.type): \(exception.message)",
        exception)
    }
  }
}
