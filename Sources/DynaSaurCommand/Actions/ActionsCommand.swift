import ArgumentParser

/// `dynasaur actions`: the library of actions.
struct ActionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "actions",
    abstract: "Look at, add to, and call the actions of a library.",
    discussion: """
      EXAMPLES
        dynasaur actions add statistics.py
        dynasaur actions search "average of numbers"
        dynasaur actions call mean --args '[[1, 2, 3]]'
        dynasaur actions verify
      """,
    subcommands: [
      ListActionsCommand.self, ShowActionCommand.self, SearchActionsCommand.self,
      SearchQualityCommand.self, ReindexActionsCommand.self,
      AddActionsCommand.self, CallActionCommand.self, VerifyActionsCommand.self,
      ActionHistoryCommand.self, DiffActionCommand.self, ActionStatsCommand.self,
      TrustActionCommand.self, UntrustActionCommand.self, QuarantineActionCommand.self,
      RetireActionCommand.self, RestoreActionCommand.self, RemoveActionCommand.self,
      ExportActionsCommand.self, ImportActionsCommand.self, MergeActionsCommand.self,
    ])
}
