import CInterpreter
import Foundation
import Glibc

/// What the code of an in-process session may do: rules against accidents, for code that a person
/// trusts.
///
/// Python asks them before it opens or changes files, runs programs, uses the network, `ctypes` or
/// descriptors of the host, or crafts code; what they forbid is a `PermissionError` that says so. They
/// cost 4–11 % of a program's time. They are **no** boundary: C code of packages is not asked, and code
/// that wants to gets past them. Run code that nobody has read in a ``WorkerSession``.
///
/// They hold for the threads of their session alone: other sessions and the host's own use of Python are
/// as before. Always allowed are reading Python's library, packages and what these look up, and
/// temporary files that the session made.
public struct GuardRails: Sendable, Hashable {
  /// Files and folders that may be read.
  public var readablePaths: [String]
  /// Files and folders that may be read and written, besides the working directory that the session
  /// begins in. Python's library and packages in them stay as they are.
  public var writablePaths: [String]
  /// Whether connections may be made.
  public var allowsNetwork: Bool
  /// Whether programs may be run.
  public var allowsPrograms: Bool
  /// Bytes that Python may allocate for the session, after which it raises `MemoryError`. What
  /// libraries such as numpy allocate by themselves does not count.
  public var heapLimit: Int
  /// Threads that the code may have at a time.
  public var threadLimit: Int

  /// Guard rails; without arguments those of ``standard``.
  public init(
    readablePaths: [String] = [], writablePaths: [String] = [], allowsNetwork: Bool = false,
    allowsPrograms: Bool = false, heapLimit: Int = 4 << 30, threadLimit: Int = 128
  ) {
    self.readablePaths = readablePaths
    self.writablePaths = writablePaths
    self.allowsNetwork = allowsNetwork
    self.allowsPrograms = allowsPrograms
    self.heapLimit = heapLimit
    self.threadLimit = threadLimit
  }

  /// Files of the working directory, no network, no programs, 4 GiB.
  public static let standard = GuardRails()

  // MARK: - In C

  /// Puts them up for a session whose working directory is `folder`. Needs the GIL.
  ///
  /// - Throws: ``RuntimeError`` with code `resourceUnavailable`.
  func protect(_ session: InProcessSession.Pointer, in folder: String, stackSize: Int) throws {
    let readable = LibraryPaths.all + readablePaths
    let writable = [folder] + LibraryPaths.caches + writablePaths
    let temporary = Self.real(FileManager.default.temporaryDirectory.path)
    let result = withCStrings(readable.flatMap(Self.names)) { readable in
      withCStrings(writable.flatMap(Self.names)) { writable in
        withOptionalCString(temporary) { temporary in
          var rails = ds_guard_rails()
          (rails.readable, rails.readable_count) = (readable.baseAddress, readable.count)
          (rails.writable, rails.writable_count) = (writable.baseAddress, writable.count)
          rails.temporary = temporary
          rails.allows_network = allowsNetwork ? 1 : 0
          rails.allows_programs = allowsPrograms ? 1 : 0
          rails.heap_limit = max(0, heapLimit)
          rails.thread_limit = UInt32(clamping: threadLimit)
          rails.recursion_limit = Self.recursionLimit(stackSize: stackSize)
          // SAFETY: the GIL is held by contract; C copies the strings, which live for the call.
          return ds_session_set_guard_rails(session.pointer, &rails)
        }
      }
    }
    guard result == 0 else {
      throw Boundary.takeConversionError(expected: "guard rails")
    }
  }

  /// 2 MB of stack hold what Python's usual limit of 1000 allows in the worst case. The limit is one for
  /// all threads, and those that the code starts have 64 MB.
  private static func recursionLimit(stackSize: Int) -> Int32 {
    Int32(clamping: min(max(1000, stackSize / (2 << 20) * 1000), 30_000))
  }

  /// The path as it is given and as it really is: Python's own checks compare the latter.
  private static func names(of path: String) -> [String] {
    let whole = URL(fileURLWithPath: path).standardizedFileURL.path
    return Array(Set([whole, real(whole) ?? whole]))
  }

  private static func real(_ path: String) -> String? {
    // SAFETY: realpath allocates its result, which is copied and freed.
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// `body` with an array of C strings, which live for the call.
private func withCStrings<R>(
  _ texts: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> R
) -> R {
  // SAFETY: each copy is freed after the body.
  let copies = texts.map { UnsafePointer(strdup($0)) }
  defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
  return copies.withUnsafeBufferPointer(body)
}
