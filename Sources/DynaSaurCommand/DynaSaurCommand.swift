import ArgumentParser

@main
struct DynaSaurCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "dynasaur")
}
