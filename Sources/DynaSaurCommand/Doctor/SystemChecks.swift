import CCurl
import Foundation
import GRDBSQLite
import LanguageModels

/// What `dynasaur doctor` looks at outside Python.
enum SystemChecks {
  static func all() -> [Check] {
    [curl(), certificates(), database(), key()] + SystemProgram.allCases.map(program)
  }

  /// What some initial actions use of the system.
  private static func program(_ program: SystemProgram) -> Check {
    if program.isInstalled { return .good(program.rawValue, program.use) }
    let command = PackageManager.ofThisSystem.map {
      ", or as root `\($0.command(for: [program]).joined(separator: " "))`"
    }
    return .limited(
      program.rawValue, "\(program.use): not installed, which not everybody needs",
      remedy: "Run `dynasaur setup --with \(program.rawValue)`\(command ?? "").")
  }

  /// The library that talks to models.
  private static func curl() -> Check {
    // SAFETY: the structure that is returned is static.
    let version = String(cString: curl_version())
    guard let information = curl_version_info(CURLVERSION_FIRST)?.pointee,
      information.features & CURL_VERSION_SSL != 0
    else {
      return .broken(
        "libcurl", "\(version), which has no TLS",
        remedy: "Run `apt-get install libcurl4-openssl-dev` and build again.")
    }
    return .good("libcurl", version)
  }

  /// What a service's certificate is checked against.
  private static func certificates() -> Check {
    let variables = ProcessInfo.processInfo.environment
    let file = variables["CURL_CA_BUNDLE"] ?? variables["SSL_CERT_FILE"]
    let path = file ?? "/etc/ssl/certs/ca-certificates.crt"
    guard FileManager.default.isReadableFile(atPath: path) else {
      return .limited(
        "certificates", "\(path) cannot be read, so no service can be reached by https",
        remedy: "Run `apt-get install ca-certificates`.")
    }
    return .good("certificates", path)
  }

  /// What libraries of actions are kept in, and searched with.
  private static func database() -> Check {
    let version = String(cString: sqlite3_libversion())
    guard sqlite3_compileoption_used("ENABLE_FTS5") != 0 else {
      return .broken(
        "SQLite", "\(version), which has no full-text search (FTS5)",
        remedy: "Run `apt-get install libsqlite3-dev` and build again.")
    }
    return .good("SQLite", "\(version) with full-text search")
  }

  private static func key() -> Check {
    let variables = ProcessInfo.processInfo.environment
    let names = Set(ModelService.all.map(\.keyVariable))
      .filter { !(variables[$0] ?? "").isEmpty }.sorted()
    guard names.isEmpty else {
      let list = names.joined(separator: ", ")
      return .good("key", "\(list) \(names.count == 1 ? "is" : "are") set")
    }
    return .limited(
      "key", "no service's key is set, so `dynasaur run` needs --base-url or --key-file",
      remedy:
        "Set OPENAI_API_KEY or another of `dynasaur models`, or name a server that needs none "
        + "with --base-url.")
  }
}
