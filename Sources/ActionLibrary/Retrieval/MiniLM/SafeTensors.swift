import Foundation

/// A file of tensors: the length of a JSON header, the header, the numbers
/// (https://huggingface.co/docs/safetensors).
struct SafeTensors {
  private struct Tensor: Decodable {
    var dtype: String
    var shape: [Int]
    var dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case dataOffsets = "data_offsets"
    }
  }

  private let tensors: [String: Tensor]
  /// Where the numbers begin, and how many bytes they take.
  private let numbers: UnsafeRawBufferPointer

  /// Reads the header. `file` must outlive what is taken from it.
  ///
  /// - Throws: `embedding` if it is not such a file.
  init(_ file: UnsafeRawBufferPointer) throws {
    let damaged = LibraryError(.embedding, "The file of the model's weights is damaged.")
    guard file.count > 8 else { throw damaged }
    let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard length < 1 << 24, Int(length) + 8 <= file.count else { throw damaged }
    let header = Data(file[8..<8 + Int(length)])
    let object = try? JSONSerialization.jsonObject(with: header) as? [String: Any]
    guard var object else { throw damaged }
    object["__metadata__"] = nil
    let known = try? JSONDecoder().decode(
      [String: Tensor].self, from: JSONSerialization.data(withJSONObject: object))
    guard let known else { throw damaged }
    tensors = known
    numbers = UnsafeRawBufferPointer(rebasing: file[(8 + Int(length))...])
  }

  /// The floats of a tensor, where they lie in the file.
  ///
  /// - Throws: `embedding` if it is not there, or not of that shape.
  func floats(_ name: String, _ shape: [Int]) throws -> UnsafePointer<Float> {
    let count = shape.reduce(1, *)
    guard let tensor = tensors[name], tensor.dtype == "F32", tensor.shape == shape,
      tensor.dataOffsets.count == 2, let begin = tensor.dataOffsets.first, begin >= 0,
      tensor.dataOffsets[1] - begin == count * 4, tensor.dataOffsets[1] <= numbers.count,
      let base = numbers.baseAddress
    else {
      throw LibraryError(.embedding, "The model's weights lack the tensor \(name) in its shape.")
    }
    // SAFETY: inside the file, as was checked; the format puts numbers at multiples of their size.
    return (base + begin).assumingMemoryBound(to: Float.self)
  }
}
