import DynaSaur
import DynaSaurTerminal
import Foundation
import Synchronization

/// A chat as a person sees it: reads lines, shows replies, does what `/` commands say.
final class ChatTerminal {
  private let chat: Chat
  private let lines: InputLines
  private let output: StandardStream
  private let isJSON: Bool
  private let style: TextStyle
  let view: any RunView
  private var editor: LineEditor?
  /// Files that go with the next message.
  private var files: [URL]

  init(chat: Chat, lines: InputLines, output: StandardStream, isJSON: Bool, files: [URL]) {
    self.chat = chat
    self.lines = lines
    self.output = output
    self.isJSON = isJSON
    self.files = files
    style = TextStyle(for: output)
    view = isJSON ? EventLines(to: output) : RunPrinter(to: output, isChat: true)
    if LineEditor.isPossible, output.isTerminal, !isJSON {
      editor = LineEditor(
        history: UserFolders.data(ProcessInfo.processInfo.environment).map {
          URL(filePath: $0 + "/chat_history")
        })
    }
  }

  /// Reads and answers until the user ends the chat.
  func run() async throws {
    greet()
    while let line = try await nextLine() {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text.isEmpty { continue }
      if text.hasPrefix("/") {
        if try await obey(text) { return }
      } else {
        try await send(text)
      }
    }
  }

  private func greet() {
    guard !isJSON else { return }
    if let resumption = chat.resumption {
      view.show(.resumed(resumption))
    } else if editor != nil {
      output.print(
        "Chat with \(chat.agent.model.name). /help lists commands; Ctrl-D ends the chat.")
    }
  }

  private func nextLine() async throws -> String? {
    if editor != nil { output.write("\n") }
    guard var editor else { return try await lines.next() }
    defer { self.editor = editor }
    return try await editor.line(prompt: style(.strong, "› "))
  }

  // MARK: - Messages

  /// Sends a message; Ctrl-C stops this turn alone.
  private func send(_ text: String) async throws {
    let (chat, view, files) = (Sending(value: chat), view, files)
    let turn = Task {
      _ = try await chat.value.send(text, files: files, onEvent: view.show)
    }
    let result = await Interruption.redirecting(
      to: { turn.cancel() }, during: { await turn.result })
    self.files = []
    guard case .failure(let error) = result else { return }
    view.end(with: error)
    if isJSON { return }
    if error is CancellationError {
      output.print("Stopped. What ran until then has taken effect; /undo takes the step back.")
    } else {
      // The chat can go on, with another message or the same.
      StandardStream.error.print(
        "dynasaur: \(CommandFailure(error)?.message ?? String(describing: error))")
      if let failure = error as? CommandFailure, failure.status == CommandFailure.wrongUse {
        throw failure
      }
    }
  }

  /// What one task hands to another and does not touch until that has ended.
  private struct Sending<Value>: @unchecked Sendable {
    // The one task waits for the end of the other.
    let value: Value
  }

  // MARK: - Commands

  private static let help = """
    /help             this list
    /vars             the session's variables and functions
    /actions          actions of the library that this chat wrote or used
    /cost             tokens and cost so far
    /files            the files of the workspace
    /attach PATH      send a file with the next message
    /undo             take back the last step: its variables and its place in the conversation
    /show             the whole conversation so far
    /save FILE        copy the chat's file, for `dynasaur show` and `--session`
    /quit             end the chat; `dynasaur chat --continue` goes on with it
    """

  /// Does what a command says; true if it ends the chat.
  private func obey(_ text: String) async throws -> Bool {
    let words = text.split(separator: " ", maxSplits: 1).map(String.init)
    let argument =
      words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : ""
    switch words[0] {
    case "/quit", "/exit", "/q": return true
    case "/help", "/?": tell(Self.help)
    case "/vars": try await showVariables()
    case "/actions":
      tell(
        "written: \(Self.list(chat.newActions)); reused: \(Self.list(chat.usedActions))"
          + "\n`dynasaur actions list` lists the whole library.")
    case "/cost": tell(Self.cost(chat.usage))
    case "/files": showFiles()
    case "/attach": attach(argument)
    case "/undo": await undo()
    case "/show":
      if let trajectory = try? Trajectory(contentsOf: chat.trajectory) {
        TrajectoryPrinter(to: isJSON ? .error : output).show(trajectory)
      } else {
        tell("Nothing was said yet.")
      }
    case "/save": save(argument)
    default: tell("There is no command \(words[0]). /help lists them.")
    }
    return false
  }

  private func tell(_ text: String) { (isJSON ? .error : output).print(text) }

  private static func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  private static func cost(_ usage: RunUsage) -> String {
    let tokens = usage.tokens
    let cost =
      usage.cost.map { "$" + $0.formatted(.number.precision(.significantDigits(2...3))) }
      ?? "not known: the model's price is in no table"
    return """
      replies  \(usage.replies.formatted())
      tokens   \(tokens.totalTokens.formatted()) (in \(tokens.promptTokens.formatted()), of which \
      \(tokens.cachedTokens.formatted()) cached; out \(tokens.completionTokens.formatted()))
      cost     \(cost)
      """
  }

  private func showVariables() async throws {
    do {
      let variables = try await chat.variables()
      guard !variables.isEmpty else { return tell("There are no variables yet.") }
      let width = min(variables.map(\.name.count).max() ?? 0, 30)
      for variable in variables {
        let name = variable.name.padding(
          toLength: max(width, variable.name.count), withPad: " ", startingAt: 0)
        tell("\(style(.name, name))  \(style(.faint, variable.type))  \(variable.text)")
      }
    } catch let error as AgentError {
      tell(error.message)
    }
  }

  private func showFiles() {
    let names = ((try? FileManager.default.subpathsOfDirectory(atPath: chat.workspace.path)) ?? [])
      .filter { !$0.hasPrefix(".") }.sorted()
    tell(chat.workspace.path)
    for name in names.prefix(100) { tell("  " + name) }
    if names.count > 100 { tell("  … \(names.count - 100) more") }
  }

  private func attach(_ path: String) {
    let file = (path as NSString).expandingTildeInPath
    guard !path.isEmpty, FileManager.default.isReadableFile(atPath: file) else {
      return tell(path.isEmpty ? "Say which file: /attach PATH" : "\(path) cannot be read.")
    }
    files.append(URL(filePath: file))
    tell("\((file as NSString).lastPathComponent) goes with the next message.")
  }

  private func undo() async {
    do {
      guard let step = try await chat.undo() else {
        return tell("There is no step that can be undone.")
      }
      tell("Step \(step) is undone: variables and conversation are as before it. Files stay.")
    } catch {
      tell(CommandFailure(error)?.message ?? "\(error)")
    }
  }

  private func save(_ path: String) {
    guard !path.isEmpty else { return tell("Say where: /save FILE") }
    let target = URL(filePath: (path as NSString).expandingTildeInPath)
    let files = FileManager.default
    guard !files.fileExists(atPath: target.path) else {
      return tell("\(path) exists already. Give another name.")
    }
    do {
      try files.copyItem(at: chat.trajectory, to: target)
      // Its variables, and what is too large for its lines.
      for ending in [".checkpoint", ".results"]
      where files.fileExists(atPath: chat.trajectory.path + ending) {
        try files.copyItem(
          atPath: chat.trajectory.path + ending, toPath: target.path + ending)
      }
      tell("Saved. `dynasaur chat --session \(path)` goes on with it.")
    } catch {
      tell("\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}
