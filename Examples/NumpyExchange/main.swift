// Arrays between Swift and numpy: copied by one memcpy, or not copied at all.
// Run with DYNASAUR_VENV naming a virtual environment that has numpy.
import Foundation
import PythonRuntime

let session = try await InProcessSession()
let probe = try await session.execute("import numpy as np")
guard probe.exception == nil else {
  print("numpy is not installed: set DYNASAUR_VENV to an environment that has it")
  await session.close()
  exit(1)
}

// numpy to Swift, by one copy.
try await session.execute("signal = np.sin(np.linspace(0, np.pi, 1001))")
let signal = try await session.value(of: "signal", as: [Double].self)
print("samples:", signal.count, "peak:", signal.max() ?? .nan)

// Lent to Swift, without a copy, for the time of a closure.
let energy = try await session.run { python in
  try python.withElements(of: "signal", as: Double.self) { elements in
    var sum = 0.0
    for index in elements.indices { sum += elements[index] * elements[index] }
    return sum
  }
}
print("energy:", (energy * 100).rounded() / 100)

// Swift memory as a numpy array, without a copy: both see what the other writes.
let shared = SharedArray((0..<6).map(Double.init))
try await session.run { try $0.share(shared, as: "shared") }
try await session.execute("shared.reshape(2, 3)[1] *= 10")
print("shared:", try await session.run { shared.elements($0) })

await session.close()
