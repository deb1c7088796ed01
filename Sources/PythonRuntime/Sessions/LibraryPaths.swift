import Foundation

/// Where Python's packages and the libraries below them look things up, on Linux systems.
package enum LibraryPaths {
  /// Read by sessions of both kinds. A path that is not there is passed over.
  package static let all = [
    "/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache", "/etc/ssl",
    "/etc/pki", "/usr/share/ca-certificates", "/usr/share/zoneinfo", "/etc/localtime",
    "/etc/mime.types", "/usr/share/mime", "/usr/share/fonts", "/usr/local/share/fonts",
    "/etc/fonts", "/usr/share/fontconfig", "/dev/urandom", "/dev/random", "/dev/zero",
  ]

  /// Of this user, where packages keep what takes long to make: written by in-process sessions. Worker
  /// sessions have their own.
  static let caches =
    ["/dev/null"]
    + ["MPLCONFIGDIR"].compactMap { ProcessInfo.processInfo.environment[$0] }
    + [".cache/matplotlib", ".config/matplotlib", ".cache/fontconfig"].map {
      FileManager.default.homeDirectoryForCurrentUser.appending(path: $0).path
    }
}
