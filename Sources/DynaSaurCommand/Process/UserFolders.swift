/// Where this program keeps what belongs to a user.
enum UserFolders {
  /// The folder for data: `dynasaur` in XDG_DATA_HOME, or in ~/.local/share; nil without a home.
  static func data(_ variables: [String: String]) -> String? {
    if let data = variables["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/dynasaur" }
    return variables["HOME"].map { $0 + "/.local/share/dynasaur" }
  }
}
