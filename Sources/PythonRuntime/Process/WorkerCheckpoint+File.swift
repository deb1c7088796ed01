import CInterpreter
import Foundation

/// A checkpoint as bytes and as a file, for a session that goes on in another run of the program.
///
/// The format is a line that names it, a checksum, and a value in the plain data encoding, which is
/// read as everything that comes from outside: damaged bytes are an error.
extension WorkerCheckpoint {
  private static let title = Array("dynasaur checkpoint 1\n".utf8)

  /// The checkpoint as bytes, to be kept anywhere.
  ///
  /// - Throws: ``PythonConversionError`` for 4 GiB or more.
  public func serialized() throws -> [UInt8] {
    let fields: PythonValue = .tuple([
      .string(python), .int(steps), .list(names.map(PythonValue.string)),
      .dictionary(
        skipped.sorted { $0.key < $1.key }.map { .init(key: .string($0), value: .string($1)) }),
      .bytes(bytes),
    ])
    let payload = try fields.encoded()
    return Self.title + withUnsafeBytes(of: Self.checksum(payload[...]).littleEndian, Array.init)
      + payload
  }

  /// Reads what ``serialized()`` gave.
  ///
  /// - Throws: ``RuntimeError`` with code `malformedData` for bytes that are no checkpoint, or damaged.
  public init(serialized data: [UInt8]) throws {
    let header = Self.title.count + 8
    guard data.starts(with: Self.title), data.count > header else {
      throw RuntimeError(.malformedData, "This is not a checkpoint of a session.")
    }
    let checksum = data[Self.title.count..<header].reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    guard checksum == Self.checksum(data[header...]) else {
      throw RuntimeError(.malformedData, "The checkpoint is damaged: its checksum is wrong.")
    }
    guard case .tuple(let parts) = try PythonValue(decoding: Array(data[header...])),
      parts.count == 5, case .string(let python) = parts[0], case .int(let steps) = parts[1],
      case .bytes(let bytes) = parts[4]
    else { throw RuntimeError(.malformedData, "The checkpoint is damaged.") }
    do {
      self.init(
        steps: steps, names: try parts[2].as([String].self),
        skipped: try parts[3].as([String: String].self), bytes: bytes, python: python)
    } catch {
      throw RuntimeError(.malformedData, "The checkpoint is damaged.", underlying: error)
    }
  }

  /// Reads a file that ``write(toFile:)`` wrote. Blocks.
  ///
  /// - Throws: ``RuntimeError`` with code `resourceUnavailable` when it cannot be read, `malformedData`
  ///   when it is no checkpoint.
  public init(contentsOfFile path: String) throws {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw RuntimeError(
        .resourceUnavailable,
        "The checkpoint \(path) cannot be read: \(error.localizedDescription)",
        underlying: error)
    }
    do {
      try self.init(serialized: Array(data))
    } catch let error as RuntimeError {
      throw RuntimeError(error.code, "\(path): \(error.message)", underlying: error)
    }
  }

  /// Writes the checkpoint to a file, which is either the new one or the old one, whenever the program
  /// or the machine stops. Only its owner may read it. Blocks.
  ///
  /// - Throws: ``RuntimeError`` with code `resourceUnavailable`; the file is then as it was.
  public func write(toFile path: String) throws {
    let data = try serialized()
    // SAFETY: the bytes live for the call; C keeps nothing.
    let error = data.withUnsafeBytes { ds_replace_file(path, $0.baseAddress, $0.count) }
    guard error == 0 else {
      throw RuntimeError(
        .resourceUnavailable,
        "The checkpoint could not be written to \(path): \(SystemError.text(error)).")
    }
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    // SAFETY: the bytes live for the call.
    bytes.withUnsafeBytes { ds_checksum($0.baseAddress, $0.count) }
  }
}
