// Swift functions as actions: the code that an agent writes calls them like any Python function. A
// scripted model stands in for a live one, so that the example needs no key.
import DynaSaur
import LanguageModels
import PythonRuntime

struct Offer: PythonCodable {
  var shop: String
  var price: Double
}

struct UnknownItem: Error, CustomStringConvertible {
  var item: String
  var description: String { "nobody sells '\(item)'" }
}

let catalogue = ["lamp": [Offer(shop: "Nord", price: 40), Offer(shop: "Süd", price: 36.5)]]

var options = AgentOptions()
options.functions = [
  HostFunction(
    "offers", parameters: ["item", "limit = 10"],
    documentation: "List who sells an item: {'shop': str, 'price': float}, cheapest first."
  ) { (item: String, limit: Int) in
    guard let offers = catalogue[item] else { throw UnknownItem(item: item) }
    return Array(offers.sorted { $0.price < $1.price }.prefix(limit))
  },
  HostFunction(
    "reserve", parameters: ["offer", "note = None"],
    documentation: "Reserve an offer; the number of the reservation."
  ) { (offer: Offer, note: String?) async throws in
    try await Task.sleep(for: .milliseconds(1))  // A shop's server answers.
    return "\(offer.shop)-1\(note.map { " (\($0))" } ?? "")"
  },
]

let model = ScriptedModel(replies: [
  """
  First I look for a desk, then for a lamp.
  ```python
  try:
      best = offers('desk')[0]
  except RuntimeError as error:
      print('no desk:', error)
  best = offers('lamp', limit=1)[0]
  print(best)
  ```
  """,
  """
  I reserve it.
  ```python
  submit_final_answer(reserve(best, note='by the window'))
  ```
  """,
])

let summary = try await Agent(model: model, options: options).solve("Reserve the cheapest lamp.") {
  if case .output(let chunk) = $0 { print(chunk.text, terminator: "") }
}
print("answer:", summary.answer.text)

// What the model was told of them.
let prompt = model.requests.first?.messages.first?.text ?? ""
for line in prompt.split(separator: "\n") where line.contains("offer") { print(line) }
