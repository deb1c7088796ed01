// Functions that Python code defines are called from Swift with Swift types, and the other way around.
import PythonRuntime

struct Item: PythonCodable {
  var name: String
  var price: Double
}

let session = try await InProcessSession()
try await session.execute(
  """
  def total(items: list[dict], discount: float = 0.0) -> float:
      \"\"\"Sum the prices of items, less a discount.\"\"\"
      return round(sum(item["price"] for item in items) * (1 - discount), 2)

  def squares(limit: int):
      for number in range(limit):
          yield number * number
  """)

// Bound once, with a check of its signature, then called like any Swift function.
let total = try await session.function(
  "total", as: PythonFunction<([Item], Double), Double>.self)
let items = [Item(name: "lamp", price: 40), Item(name: "desk", price: 110.5)]
print("total:", try await total(items, 0.1))

// A generator is an asynchronous sequence.
let squares = try await session.object("squares").callHolding(arguments: [5])
for try await square in squares.elements(as: Int.self) { print("square:", square) }

// A Swift function, called from Python.
try await session.define("tax", parameters: ["amount"], documentation: "Value-added tax.") {
  (amount: Double) in amount * 0.2
}
print("tax:", try await session.execute("tax(total([{'price': 50}]))").value ?? "none")

// Many calls for one hop to the session's thread.
try await session.execute("def step(x: float) -> float:\n    return x * 1.5 if x < 100 else x / 2")
let step = try await session.function("step", as: PythonFunction<Double, Double>.self)
let orbit = try await session.run { python in
  var x = 1.0
  for _ in 0..<1000 { x = try python.call(step, x) }
  return x
}
print("orbit:", orbit)

// A signature that does not agree is an error when the function is bound, not at the first call.
do {
  _ = try await session.function("total", as: PythonFunction<String, Double>.self)
} catch {
  print("refused:", error)
}
await session.close()
