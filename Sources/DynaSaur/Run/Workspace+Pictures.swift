import Foundation
import LanguageModels
import PythonRuntime

extension Workspace {
  /// Saves the pictures of a step in the folder; the names of the files.
  ///
  /// The folder belongs to the code, which may have put links there: none is followed, and no file is
  /// written over. A picture that cannot be saved is left out.
  func save(_ pictures: [ExecutionResult.OutputImage], ofStep step: Int) async -> [String] {
    guard !pictures.isEmpty else { return [] }
    let folder = url.path
    let saved = try? await offPool {
      let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard directory >= 0 else { return [String]() }
      defer { close(directory) }
      return pictures.enumerated().compactMap { index, picture in
        Self.save(picture, as: "step-\(step)-picture-\(index + 1)", in: directory)
      }
    }
    return saved ?? []
  }

  private static func save(
    _ picture: ExecutionResult.OutputImage, as stem: String, in directory: Int32
  ) -> String? {
    let ending = endings[picture.mediaType] ?? "bin"
    for number in 1...100 {
      let name = number == 1 ? "\(stem).\(ending)" : "\(stem)-\(number).\(ending)"
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      let descriptor = openat(directory, name, flags, 0o644)
      guard descriptor >= 0 else {
        if errno == EEXIST { continue }
        return nil
      }
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      guard (try? file.write(contentsOf: Data(picture.bytes))) != nil else {
        unlinkat(directory, name, 0)
        return nil
      }
      return name
    }
    return nil
  }

  /// Reads the pictures that observations name. A link, or anything that is no file of the folder
  /// itself, is no picture.
  var pictureFinder: Conversation.PictureFinder {
    { [url] name in
      guard !name.contains("/") else { return nil }
      let directory = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard directory >= 0 else { return nil }
      defer { close(directory) }
      let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_size <= Self.largestPicture, let data = try? file.readToEnd()
      else { return nil }
      let ending = name.split(separator: ".").last.map(String.init) ?? ""
      let type = Self.endings.first { $0.value == ending }?.key
      return type.map { ChatMessage.Image(data: data, mediaType: $0) }
    }
  }

  private static let largestPicture = 20 << 20
  private static let endings = [
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/svg+xml": "svg",
  ]
}
