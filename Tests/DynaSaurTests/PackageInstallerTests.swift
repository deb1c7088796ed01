import Foundation
import PythonRuntime
import Testing

@testable import DynaSaur

/// Packages come through a confined pip into a folder of the session.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
struct PackageInstallerTests {
  private static let environment = ProcessInfo.processInfo.environment["DYNASAUR_VENV"] ?? ""

  /// A folder with a wheel of one module, and one that needs it.
  private func wheels() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let session = try await InProcessSession(options: .init(workingDirectory: folder.url.path))
    let result = try await session.execute(
      """
      import zipfile
      def wheel(name, version, code, requires=''):
          base = f'{name}-{version}'
          with zipfile.ZipFile(f'{base}-py3-none-any.whl', 'w') as packed:
              packed.writestr(f'{name}.py', code)
              packed.writestr(f'{base}.dist-info/METADATA',
                              f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n{requires}')
              packed.writestr(f'{base}.dist-info/WHEEL',
                              'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
              packed.writestr(f'{base}.dist-info/RECORD', '')
      wheel('dynatest_leaf', '2.0', 'VALUE = 41')
      wheel('dynatest_tree', '1.5', 'import dynatest_leaf\\nVALUE = dynatest_leaf.VALUE + 1',
            'Requires-Dist: dynatest_leaf>=1\\n')
      """)
    #expect(result.exception == nil)
    await session.close()
    return folder
  }

  private func installer(_ wheels: TemporaryFolder) -> PackageInstaller {
    .confined(
      virtualEnvironment: Self.environment,
      options: ["--no-index", "--find-links", wheels.url.path], readable: [wheels.url.path])
  }

  @Test func packagesCanBeImportedAtOnceAndTheSharedEnvironmentStaysAsItIs() async throws {
    let wheels = try await wheels()
    let session = try await WorkerSession(options: .init(virtualEnvironment: Self.environment))
    let options = AgentOptions.changed { $0.services.packages = installer(wheels) }
    try await InitialActions(for: Agent(model: script(), options: options), requests: Requests())
      .install(in: session)
    let result = try await session.execute(
      """
      said = install_package('dynatest_tree>=1')
      import dynatest_tree
      (said, dynatest_tree.VALUE, install_package('numpy'))
      """, deadline: .seconds(120))
    #expect(
      result.value
        == .tuple([
          "Installed dynatest_leaf 2.0, dynatest_tree 1.5.", 42,
          "Nothing to install: it is all there.",
        ]) || result.display?.contains("42") == true, "\(String(describing: result.exception))")
    let there = try FileManager.default.subpathsOfDirectory(atPath: Self.environment + "/lib")
      .contains { $0.contains("dynatest") }
    #expect(!there)
    await session.close()
  }

  @Test func whatCannotBeHadIsSaidWithItsReason() async throws {
    let wheels = try await wheels()
    let error = try await agentError {
      try await installer(wheels).packages(for: ["dynatest_nothing"])
    }
    #expect(error.message.contains("dynatest_nothing"), "\(error.message)")
  }

  @Test(arguments: [
    "--index-url=http://evil.example", "pkg @ http://evil.example/x.whl", "../../etc", "a;b", "",
    "git+https://evil.example/x",
  ])
  func nothingButNamesAndVersionsIsTaken(requirement: String) async throws {
    let installer = PackageInstaller { _ in
      Issue.record("it was fetched")
      return .init(archive: [], summary: "")
    }
    await #expect(throws: AgentError.self) { try await installer.packages(for: [requirement]) }
  }

  /// Code of a session cannot go around it.
  @Test func pipInTheSessionItselfIsRefused() async throws {
    let wheels = try await wheels()
    let session = try await WorkerSession(
      options: .init(
        policy: .init(name: "test", readablePaths: [wheels.url.path]),
        virtualEnvironment: Self.environment))
    let result = try await session.execute(
      """
      from pip._internal.cli.main import main
      main(['install', '--quiet', '--no-index', '--find-links', '\(wheels.url.path)', 'dynatest_leaf'])
      """, deadline: .seconds(120))
    #expect(result.value != .int(0))
    let outside = try await session.execute("import subprocess; subprocess.run(['pip', 'list'])")
    #expect(outside.exception?.type == "PermissionError")
    await session.close()
  }
}
