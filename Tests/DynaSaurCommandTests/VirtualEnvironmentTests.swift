import Foundation
import Testing

@testable import DynaSaurCommand

@Suite struct VirtualEnvironmentTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["program/.venv", "work/.venv", "home/.local/share/dynasaur/venv", "named"] {
      try folder.write("", to: "\(name)/pyvenv.cfg")
    }
  }

  private func path(_ name: String) -> String { folder.url.appending(path: name).path }

  private func search() -> VirtualEnvironment.Search {
    .init(
      option: nil, variables: ["HOME": path("home")], executable: path("program/bin/dynasaur"),
      workingDirectory: path("work/deep/down"))
  }

  @Test func theNearestToWhatWasSaidIsFound() throws {
    var search = search()
    search.option = "../named"
    search.variables["DYNASAUR_VENV"] = path("elsewhere")
    search.workingDirectory = path("work")
    #expect(try VirtualEnvironment.find(search) == .init(path: path("named"), origin: .option))
    search.option = nil
    #expect(
      try VirtualEnvironment.find(search) == .init(path: path("elsewhere"), origin: .variable))
    search.variables["DYNASAUR_VENV"] = ""
    #expect(
      try VirtualEnvironment.find(search) == .init(path: path("program/.venv"), origin: .executable)
    )
    search.executable = "/usr/bin/dynasaur"
    #expect(
      try VirtualEnvironment.find(search)
        == .init(path: path("work/.venv"), origin: .workingDirectory))
    search.workingDirectory = "/"
    #expect(
      try VirtualEnvironment.find(search)
        == .init(path: path("home/.local/share/dynasaur/venv"), origin: .userData))
    search.variables["HOME"] = nil
    #expect(throws: CommandFailure.self) { try VirtualEnvironment.find(search) }
  }

  @Test func theSearchWalksUpAndPassesWhatIsNoEnvironment() throws {
    try FileManager.default.createDirectory(
      atPath: path("work/deep/.venv"), withIntermediateDirectories: true)
    var search = search()
    search.executable = ""
    #expect(try VirtualEnvironment.find(search).path == path("work/.venv"))
  }

  @Test func theDataFolderFollowsItsVariable() throws {
    try folder.write("", to: "data/dynasaur/venv/pyvenv.cfg")
    var search = search()
    search.executable = ""
    search.workingDirectory = "/"
    search.variables["XDG_DATA_HOME"] = path("data")
    #expect(try VirtualEnvironment.find(search).path == path("data/dynasaur/venv"))
  }
}
