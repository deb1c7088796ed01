import ActionLibrary
import Foundation
import Testing

/// A seeded set of broken candidates, none of which may be accepted, and of sound ones, all of which must.
@Suite struct CandidateSetTests {
  /// What a session ran, and what is stored of it instead, if that differs.
  struct Case: Sendable, CustomTestStringConvertible {
    var kind: String
    var steps: [String]
    var stored: String?

    var testDescription: String { "\(kind): \(stored ?? steps.last ?? "")" }
  }

  /// SplitMix64: the same numbers everywhere.
  struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ limit: Int) -> Int {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return Int((z ^ (z >> 31)) % UInt64(limit))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
      elements[below(elements.count)]
    }
  }

  static let seed: UInt64 = 20_240_917

  static let broken: [Case] = {
    var numbers = Numbers(seed: seed)
    return (0..<5).flatMap { _ -> [Case] in
      let k = 2 + numbers.below(90)
      let alias = numbers.pick(["m", "mt", "mm", "mathematics"])
      let helper = numbers.pick(["step", "part", "inner", "assist"])
      let variable = numbers.pick(["LIMIT", "rate", "offset", "table"])
      let works = "def f(x): return x + \(k)\nf(\(k))"
      return [
        Case(
          kind: "wrong alias", steps: ["def f(x): return x // 1 + \(k)\nf(3)"],
          stored: "import math as \(alias)_\n\n\ndef f(x): return \(alias).floor(x) + \(k)\n"),
        Case(
          kind: "missing helper", steps: [works],
          stored: "def f(x): return \(helper)(x) + \(k)\n"),
        Case(
          kind: "hidden variable",
          steps: [
            "\(variable) = \(k)",
            "def f(x): return x + \(numbers.pick(["globals()", "vars(__import__('sys').modules[__name__])"]))['\(variable)']\nf(1)",
          ]),
        Case(
          kind: "variable that changed",
          steps: [
            "\(variable) = []\n\(variable).extend(range(\(k)))\nfor _ in range(2): \(variable).append(_)",
            "def f(x): return x + len(\(variable))\nf(1)\n\(variable).clear()",
          ]),
        Case(
          kind: "not deterministic",
          steps: [
            numbers.pick([
              "import random\ndef f(x): return x + random.randrange(10**9)\nf(\(k))",
              "import time\ndef f(x): return x + time.perf_counter_ns()\nf(\(k))",
              "import uuid\ndef f(x): return f'{x} {uuid.uuid4()}'\nf(\(k))",
              "import os\ndef f(x): return os.urandom(8).hex()\nf(\(k))",
              "def f(x): return [str(s) for s in {str(i) for i in range(x)}]\nf(\(k + 20))",
            ])
          ]),
        Case(
          kind: "file that is gone",
          steps: [
            "import os, tempfile\ndef f(path): return open(path).read()\n"
              + "t = tempfile.mktemp(suffix='\(k)')\nopen(t, 'w').write('a'); f(t); os.remove(t)"
          ]),
        Case(
          kind: "newer syntax", steps: [works],
          stored: numbers.pick([
            "def f[T](x: T) -> T: return x + \(k)\n",
            "type Number = int\n\n\ndef f(x: Number): return x + \(k)\n",
            "def f(x): return int(f'{'1' * 0}0') + x + \(k) if (lambda: 0)() else x + t'{x}'\n",
          ])),
        Case(
          kind: "name collision",
          steps: ["def \(helper)(x): return x * \(k)\ndef f(x): return \(helper)(x)\nf(3)"],
          stored: "def \(helper)(x): return x * \(k)\n\n\ndef f(x): return \(helper)(x)\n\n\n"
            + "def \(helper)(x): return x * \(k) + 1\n"),
        Case(
          kind: "side effect at import", steps: [works],
          stored: numbers.pick([
            "open('made\(k)', 'w').close()", "print(\(k))", "import os\nos.environ['A'] = '\(k)'",
            "import sys\nsys.path.insert(0, '/\(k)')", "import os\nos.system('true')",
            "import socket\nsocket.socket().connect(('127.0.0.1', \(k)))",
          ]) + "\n\n\ndef f(x): return x + \(k)\n"),
        Case(
          kind: "infinite loop at import", steps: [works],
          stored: numbers.pick([
            "while True: pass",
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
            "import time\ntime.sleep(10**6)", "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
          ]) + "\n\n\ndef f(x): return x + \(k)\n"),
      ]
    }
  }()

  static let sound: [Case] = {
    var numbers = Numbers(seed: seed + 1)
    return (0..<6).flatMap { _ -> [Case] in
      let k = 2 + numbers.below(90)
      let alias = numbers.pick(["m", "mt", "mathematics"])
      let helper = numbers.pick(["step", "part", "inner"])
      func whole(_ kind: String, _ steps: String...) -> Case { Case(kind: kind, steps: steps) }
      return [
        whole("plain", "def f(x): return x + \(k)\nf(1)"),
        whole(
          "alias", "import math as \(alias)", "def f(x): return \(alias).sqrt(x * \(k))\nf(2)"),
        whole("helper", "def \(helper)(x): return x * \(k)", "def f(x): return \(helper)(x)\nf(2)"),
        whole("constant", "LIMIT = \(k)", "def f(x): return min(x, LIMIT)\nf(1000)"),
        whole(
          "class",
          "class Box:\n    def __init__(self, n): self.n = n\n    def value(self): return self.n",
          "def f(x): return Box(x + \(k)).value()\nf(1)"),
        whole(
          "dataclass",
          "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = \(k)",
          "def f(x): return P(x).y\nf(1)"),
        whole("generator", "def f(n):\n    for i in range(n): yield i * \(k)\nlist(f(4))"),
        whole("async", "async def f(x): return x * \(k)\nawait f(3)"),
        whole("recursion", "def f(n): return \(k) if n == 0 else f(n - 1) + 1\nf(7)"),
        whole(
          "exception too",
          "def f(x): return \(k) / x\nf(2)\ntry: f(0)\nexcept ZeroDivisionError: pass"),
        whole(
          "seeded", "import random\ndef f(n): return random.Random(\(k)).sample(range(99), n)\nf(3)"
        ),
        whole(
          "sorted set", "def f(words): return sorted(set(words))\nf([str(i) for i in range(\(k))])"),
        whole(
          "decorator", "import functools\n@functools.lru_cache\ndef f(x): return x ** \(k)\nf(2)"),
        whole(
          "conditional",
          "if \(k) > 1:\n    def f(x): return -x\nelse:\n    def f(x): return x\nf(3)"),
        whole(
          "text of a file",
          "import os, tempfile\ndef f(text):\n    with tempfile.TemporaryFile('w+') as t:\n"
            + "        t.write(text * \(k)); t.seek(0)\n        return len(t.read())\nf('ab')"),
      ]
    }
  }()

  @Test func theSetIsLargeEnough() {
    #expect(Self.broken.count >= 40)
    #expect(Set(Self.broken.map(\.kind)).count >= 9)
    #expect(Self.sound.count >= 60)
  }

  private func result(of entry: Case) async throws -> AdmissionResult? {
    let folder = try TemporaryFolder()
    let library = try await Library(at: folder.libraryURL)
    let captured = try await withSession { session in
      for step in entry.steps { try await session.record(step) }
      return try await library.candidates(in: session, named: ["f"])
    }
    // Refused already when it was captured.
    guard var candidate = captured.candidates.first else { return nil }
    if let stored = entry.stored {
      candidate.source = stored
      candidate.hash = "changed \(stored.hashValue)"
    }
    var admission = admissionOfCode
    if entry.kind.hasPrefix("infinite") { admission.policy.deadline = .seconds(3) }
    let result = try await library.admit(candidate, by: admission)
    if !result.verdict.isAccepted {
      #expect(try await library.count == 0)
      #expect(try await library.history(of: "f").map(\.kind) == ["refused"])
      #expect(!result.verdict.reasons.isEmpty)
    }
    return result
  }

  @Test(arguments: broken) func noBrokenCandidateIsAccepted(_ entry: Case) async throws {
    let result = try await result(of: entry)
    #expect(result?.verdict.isAccepted != true)
  }

  @Test(arguments: sound) func everySoundCandidateIsAccepted(_ entry: Case) async throws {
    let result = try await result(of: entry)
    #expect(result?.verdict.isAccepted == true, "\(result?.verdict.reasons ?? ["not captured"])")
  }
}
