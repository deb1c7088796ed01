import ArgumentParser
import DynaSaur
import DynaSaurTerminal
import Foundation

/// `dynasaur chat`: a conversation in one session.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk with an agent whose variables, files and actions stay.",
    discussion: """
      Each line is a message; lines that begin with / are commands, which /help lists. Ctrl-C stops \
      the reply that is under way, and Ctrl-D ends the chat. A chat is kept while it goes, in a file \
      of ~/.local/share/dynasaur/chats or in --session FILE, and goes on with --continue or the same \
      FILE: with its variables, functions and files.

      It reads standard input: printf '2**10?\\n/vars\\n' | dynasaur chat

      EXAMPLES
        dynasaur chat
        dynasaur chat --continue
        dynasaur chat --session sales.jsonl --file sales.xlsx --workspace reports
        dynasaur chat --approve risky --policy network
      """)

  @Option(
    help: ArgumentHelp(
      "The file that keeps the chat. If it is there, the chat goes on.", valueName: "path"))
  var session: String?

  @Flag(name: .customLong("continue"), help: "Go on with the last chat.")
  var continues = false

  @Option(
    help: ArgumentHelp(
      "A file that belongs to the first message (repeatable).", valueName: "path"))
  var file: [String] = []

  @Flag(help: "Print one event a line as JSON instead.")
  var json = false

  @OptionGroup var agent: AgentArguments

  func validate() throws {
    if continues, session != nil {
      throw ValidationError("--continue and --session name two chats.")
    }
  }

  func run() async throws {
    let workspace = try agent.sessions.workspaceFolder()
    let opener = try agent.sessions.opener()
    let output = json ? StandardStream.reserveOutput() : .output
    let lines = InputLines()
    let prompt = ApprovalPrompt(lines: lines, to: json ? .error : output, showsCode: json)
    let agent = try await agent.makeAgent(opener: opener, approval: prompt)
    let chat = try await Chat(
      with: agent, keptIn: try trajectory(),
      workspace: workspace.map { URL(filePath: $0, directoryHint: .isDirectory) })
    let terminal = ChatTerminal(
      chat: chat, lines: lines, output: output, isJSON: json, files: file.map { URL(filePath: $0) })
    prompt.pause(terminal.view)
    do {
      try await terminal.run()
    } catch {
      await chat.close()
      throw error
    }
    await chat.close()
  }

  private func trajectory() throws -> URL {
    if let session { return URL(filePath: (session as NSString).expandingTildeInPath) }
    guard let data = UserFolders.data(ProcessInfo.processInfo.environment) else {
      throw CommandFailure.wrongUse("There is no home folder. Name a file with --session.")
    }
    let folder = URL(filePath: data + "/chats", directoryHint: .isDirectory)
    let files = FileManager.default
    if continues {
      let names = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
      guard let last = names.filter({ $0.hasSuffix(".jsonl") }).max() else {
        throw CommandFailure.wrongUse("There is no chat to go on with. `dynasaur chat` begins one.")
      }
      return folder.appending(path: last)
    }
    do {
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure.wrongUse(
        "The folder \(folder.path) cannot be made: \(error.localizedDescription)")
    }
    let format = Date.VerbatimFormatStyle(
      format: """
        \(year: .defaultDigits)\(month: .twoDigits)\(day: .twoDigits)-\
        \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\(minute: .twoDigits)\
        \(second: .twoDigits)
        """,
      timeZone: .current, calendar: Calendar(identifier: .gregorian))
    let name = Date().formatted(format)
    for number in 1... {
      let url = folder.appending(path: number == 1 ? "\(name).jsonl" : "\(name)-\(number).jsonl")
      if !files.fileExists(atPath: url.path) { return url }
    }
    return folder.appending(path: "\(name).jsonl")
  }
}
