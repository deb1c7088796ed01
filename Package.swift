// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "DynaSaur",
  products: [
    .library(name: "PythonRuntime", targets: ["PythonRuntime"]),
    .library(name: "ActionLibrary", targets: ["ActionLibrary"]),
    .library(name: "DynaSaur", targets: ["DynaSaur"]),
    .executable(name: "dynasaur", targets: ["DynaSaurCommand"]),
    .executable(name: "dynasaur-worker", targets: ["CWorker"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
  ],
  targets: [
    .systemLibrary(
      name: "CPython", pkgConfig: "python3-embed", providers: [.apt(["libpython3-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(
      name: "PythonStubs", path: "PythonStubs",
      exclude: [
        "dynasaur_runtime", "dynasaur_library", "dynasaur_actions", "dynasaur_evaluation",
      ]),
    .target(name: "CInterpreter", dependencies: ["CPython", "PythonStubs"]),
    .executableTarget(name: "CWorker", dependencies: ["CInterpreter"]),
    .target(
      name: "PythonRuntime",
      dependencies: [
        "CInterpreter", .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]),
    .target(name: "CVectors"),
    .target(
      name: "ActionLibrary",
      dependencies: [
        "CVectors", "PythonRuntime", "PythonStubs", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    .target(name: "CCurlShim", dependencies: ["CCurl"]),
    .target(
      name: "LanguageModels",
      dependencies: [
        "CCurlShim", .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ]),
    .target(
      name: "DynaSaur",
      dependencies: [
        "ActionLibrary", "LanguageModels", "PythonRuntime", "PythonStubs",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ]),
    .target(
      name: "DynaSaurTerminal",
      dependencies: ["ActionLibrary", "DynaSaur", "LanguageModels", "PythonRuntime"]),
    .target(
      name: "Evaluation",
      dependencies: ["ActionLibrary", "DynaSaur", "LanguageModels", "PythonRuntime"]),
    .executableTarget(
      name: "DynaSaurCommand",
      dependencies: [
        "ActionLibrary", "CCurl", "DynaSaur", "DynaSaurTerminal", "Evaluation", "LanguageModels",
        "PythonRuntime", "PythonStubs",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    .target(name: "CBaselines", dependencies: ["CPython", "CInterpreter"]),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "ActionLibrary", "CBaselines", "CVectors", "DynaSaur", "Evaluation", "LanguageModels",
        "PythonRuntime",
      ]),
    .executableTarget(
      name: "MainJob",
      dependencies: [
        "ActionLibrary", "DynaSaur", "DynaSaurTerminal", "LanguageModels", "PythonRuntime",
      ], path: "Examples/MainJob",
      exclude: ["Plans", "recording.json"]),
    .executableTarget(
      name: "PersistentVariables", dependencies: ["PythonRuntime"],
      path: "Examples/PersistentVariables"),
    .executableTarget(
      name: "CallingActions", dependencies: ["PythonRuntime"], path: "Examples/CallingActions"),
    .executableTarget(
      name: "NumpyExchange", dependencies: ["PythonRuntime"], path: "Examples/NumpyExchange"),
    .executableTarget(
      name: "SwiftFunctions", dependencies: ["DynaSaur", "LanguageModels", "PythonRuntime"],
      path: "Examples/SwiftFunctions"),
    .target(
      name: "CConfinementProbe", dependencies: ["CInterpreter"], path: "Tests/CConfinementProbe"),
    .executableTarget(
      name: "ConfinementProbe", dependencies: ["CConfinementProbe", "PythonRuntime"],
      path: "Tests/ConfinementProbe"),
    .testTarget(
      name: "ConfinementTests",
      dependencies: ["CInterpreter", "ConfinementProbe", "LoopbackServers", "PythonRuntime"]),
    .target(
      name: "TestBackends",
      dependencies: [
        .product(name: "MetricsTestKit", package: "swift-metrics"),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
      ], path: "Tests/TestBackends"),
    .target(
      name: "LoopbackServers", dependencies: ["LanguageModels"], path: "Tests/LoopbackServers"),
    .testTarget(name: "ConventionTests"),
    .testTarget(
      name: "ExamplesTests",
      dependencies: ["PersistentVariables", "CallingActions", "NumpyExchange", "SwiftFunctions"]),
    .testTarget(name: "PythonRuntimeTests", dependencies: ["PythonRuntime"]),
    .testTarget(
      name: "ActionLibraryTests",
      dependencies: [
        "ActionLibrary", "CVectors", "PythonRuntime",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      exclude: ["Python", "Corpus", "MiniLM"]),
    .testTarget(
      name: "LanguageModelsTests",
      dependencies: [
        "LanguageModels", "LoopbackServers", "TestBackends",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "DynaSaurTests",
      dependencies: [
        "ActionLibrary", "DynaSaur", "LanguageModels", "LoopbackServers", "PythonRuntime",
        "TestBackends",
      ], exclude: ["Servers", "Files"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["ActionLibrary", "DynaSaur", "Evaluation", "LanguageModels", "PythonRuntime"],
      exclude: ["Oracle", "Scripts"]),
    .testTarget(
      name: "DynaSaurTerminalTests",
      dependencies: ["DynaSaur", "DynaSaurTerminal", "LanguageModels"]),
    .testTarget(
      name: "DynaSaurCommandTests",
      dependencies: [
        "ConfinementProbe", "DynaSaurCommand", "LanguageModels", "LoopbackServers", "MainJob",
        "PythonRuntime",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)
