import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation

/// Programs of the system that some initial actions use, and that not everybody needs.
enum SystemProgram: String, CaseIterable, ExpressibleByArgument {
  /// tesseract, for `read_image_text`.
  case ocr
  /// Chromium, for pages that need JavaScript.
  case browser

  var isInstalled: Bool {
    switch self {
    case .ocr: TextRecognition() != nil
    case .browser: Browser() != nil
    }
  }

  /// What actions do with it.
  var use: String {
    switch self {
    case .ocr: "letters in pictures (tesseract)"
    case .browser: "pages that need JavaScript (Chromium)"
    }
  }
}

/// A package manager, and what it calls the programs.
struct PackageManager: Equatable {
  var executable: String
  var arguments: [String]
  var packages: [SystemProgram: [String]]

  /// Those that are known, the first of a system being the one to take.
  static let known = [
    PackageManager(
      executable: "apt-get", arguments: ["install", "-y", "--no-install-recommends"],
      packages: [.ocr: ["tesseract-ocr"], .browser: ["chromium"]]),
    PackageManager(
      executable: "dnf", arguments: ["install", "-y"],
      packages: [.ocr: ["tesseract"], .browser: ["chromium"]]),
    PackageManager(
      executable: "pacman", arguments: ["-S", "--noconfirm", "--needed"],
      packages: [.ocr: ["tesseract", "tesseract-data-eng"], .browser: ["chromium"]]),
    PackageManager(
      executable: "apk", arguments: ["add"],
      packages: [.ocr: ["tesseract-ocr", "tesseract-ocr-data-eng"], .browser: ["chromium"]]),
  ]

  /// The manager of this system; nil for none that is known.
  static var ofThisSystem: PackageManager? { known.first { path(of: $0.executable) != nil } }

  /// The words of the command that installs programs.
  func command(for programs: [SystemProgram]) -> [String] {
    [executable] + arguments + programs.flatMap { packages[$0] ?? [] }
  }

  /// Installs what is missing of `programs`.
  ///
  /// - Throws: ``CommandFailure``, which says what to run where this process may not, or cannot.
  static func install(_ programs: [SystemProgram]) async throws {
    let missing = programs.filter { !$0.isInstalled }
    guard !missing.isEmpty else { return }
    guard let manager = ofThisSystem else {
      throw CommandFailure.wrongUse(
        "No package manager is known here. Install by hand what serves for "
          + missing.map(\.use).joined(separator: " and ") + ".")
    }
    var words = manager.command(for: missing)
    if geteuid() != 0 {
      guard path(of: "sudo") != nil else {
        throw CommandFailure.wrongUse("As root, run: \(words.joined(separator: " "))")
      }
      words.insert("sudo", at: 0)
    }
    StandardStream.error.print("==> \(words.joined(separator: " "))")
    if manager.executable == "apt-get" {
      // Without the lists of packages none is found; with old ones most are.
      let update = words.prefix { $0 != "install" } + ["-q", "update"]
      _ = try await Program.run("/usr/bin/env", Array(update))
    }
    let status = try await Program.run("/usr/bin/env", words)
    let still = missing.filter { !$0.isInstalled }
    guard status == 0, still.isEmpty else {
      throw CommandFailure(
        status: CommandFailure.failed,
        "The package manager did not install what serves for "
          + "\((still.isEmpty ? missing : still).map(\.use).joined(separator: " and ")): see above."
      )
    }
  }

  private static func path(of name: String) -> String? {
    ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/"].map { $0 + name }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
