import Foundation
import Testing

/// What a user does first: the README's lines in a new package that depends on ours.
@Suite struct FreshPackageTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The README's first Swift block that imports the runtime.
  private static func readmeLines() throws -> String {
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let blocks = readme.components(separatedBy: "```swift\n").dropFirst().map { block in
      block.components(separatedBy: "```")[0]
    }
    return try #require(blocks.first { $0.contains("import PythonRuntime") })
  }

  /// A worker session, for which such a package has no program but itself.
  private static let workerLines = """

    let worker = try await WorkerSession()
    let refused = try await worker.execute("open('/etc/shadow')")
    print(refused.exception?.type ?? "no exception")
    print(try await worker.execute("6 * 7").display ?? "nothing")
    await worker.close()

    """

  @Test func theReadmesLinesRunInAFreshPackage() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fresh-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let sources = folder.appending(path: "Sources/Fresh")
    try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
    let manifest = """
      // swift-tools-version: 6.1
      import PackageDescription
      let package = Package(
        name: "Fresh",
        dependencies: [.package(name: "DynaSaur", path: "\(Self.root.path)")],
        targets: [
          .executableTarget(
            name: "Fresh", dependencies: [.product(name: "PythonRuntime", package: "DynaSaur")])
        ])
      """
    try manifest.write(
      to: folder.appending(path: "Package.swift"), atomically: true, encoding: .utf8)
    try (Self.readmeLines() + Self.workerLines).write(
      to: sources.appending(path: "main.swift"), atomically: true, encoding: .utf8)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["swift", "run", "--package-path", folder.path, "Fresh"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.standardError
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    #expect(lines.suffix(3) == ["3", "PermissionError", "42"])
  }
}
