// A session keeps what its steps define: variables, imports and functions.
import PythonRuntime

let session = try await InProcessSession()

try await session.execute("import statistics\nreadings = [21.5, 22.0, 23.5]")
let step = try await session.execute("readings.append(25.0)\nstatistics.mean(readings)")
print("mean:", step.value ?? "none")

// An exception is part of the step's result, and what was there before stays.
let failed = try await session.execute("print('dividing')\nreadings / 2")
print("printed:", failed.output, terminator: "")
print("raised:", failed.exception?.description ?? "nothing")

// From Swift, variables are Swift values.
let readings = try await session.value(of: "readings", as: [Double].self)
try await session.setValue(readings.map { $0 * 1.8 + 32 }, for: "fahrenheit")
print("fahrenheit:", try await session.execute("[round(f, 1) for f in fahrenheit]").value ?? "none")

await session.close()
