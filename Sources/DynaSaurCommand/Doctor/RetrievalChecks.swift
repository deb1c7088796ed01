import ActionLibrary

/// What `dynasaur doctor` looks at for search.
enum RetrievalChecks {
  /// The weights by which actions are found by meaning.
  static func weights(_ environment: VirtualEnvironment?) -> Check {
    let remedy = "Run `dynasaur setup --weights-only`."
    guard let folder = Weights.folder(environment) else {
      return .limited(
        "search",
        "the weights of all-MiniLM-L6-v2 are not installed, so actions are found by words alone "
          + "(MRR 0.46 instead of 0.65 on queries in other words)", remedy: remedy)
    }
    do {
      _ = try MiniLMEmbedder(folder: folder)
      return .good("search", "all-MiniLM-L6-v2 in \(folder.path), with \(VectorKernels.name)")
    } catch {
      return .limited("search", (error as? LibraryError)?.message ?? "\(error)", remedy: remedy)
    }
  }
}
