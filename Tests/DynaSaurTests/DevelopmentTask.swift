import Foundation
import LanguageModels
import PythonRuntime

/// One of the development tasks of `Tests/Data/gaia_like`, and a script that solves it with initial
/// actions.
struct DevelopmentTask: Sendable, CustomStringConvertible {
  var id: String
  var file: URL
  var answer: String
  var solution: String
  /// Python that changes the copy of the attachment at `path` so that the true answer changes.
  var mutation: String

  var description: String { "\(id.prefix(8)) (\(file.pathExtension))" }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Data/gaia_like")

  static let all: [DevelopmentTask] = {
    do {
      let lines = try String(
        contentsOf: folder.appending(path: "dev/metadata.jsonl"), encoding: .utf8)
      return try lines.split(separator: "\n").map { line in
        let task = try JSONValue(parsing: String(line))
        let id = task["task_id"]?.string ?? ""
        let solution = folder.appending(path: "solutions/\(id.prefix(8)).py")
        return DevelopmentTask(
          id: id, file: folder.appending(path: "dev/\(task["file_name"]?.string ?? "")"),
          answer: task["Final answer"]?.string ?? "",
          solution: try String(contentsOf: solution, encoding: .utf8),
          mutation: mutations[String(id.prefix(8))] ?? "")
      }
    } catch {
      preconditionFailure("The development tasks cannot be read: \(error)")
    }
  }()

  private static let mutations: [String: String] = [
    // A plot of the third-largest holder grows.
    "709fd74c": """
    import openpyxl
    book = openpyxl.load_workbook(path)
    plan, legend = book['Plan'], book['Legend']
    color = next(row[1].fill.fgColor.rgb for row in legend.iter_rows() if row[0].value == 'Brandt')
    cell = next(c for row in plan.iter_rows() for c in row
                if c.fill.fgColor.rgb == color and isinstance(c.value, int))
    cell.value += 1
    book.save(path)
    """,
    // A motion that was carried is lost.
    "b6542b02": """
    import docx
    document = docx.Document(path)
    row = next(r for r in document.tables[1].rows if r.cells[0].text == '5')
    row.cells[4].text = '8'
    document.save(path)
    """,
    // The notes of one more visible slide name granite.
    "f78ce723": """
    import pptx
    show = pptx.Presentation(path)
    slide = show.slides.add_slide(show.slide_layouts[6])
    slide.notes_slide.notes_text_frame.text = 'Granite again.'
    show.save(path)
    """,
    // The last page, the Saturdays, loses the trip that serves.
    "1e09f990": """
    import re, zlib
    data = open(path, 'rb').read()
    changed = data.replace(b'14:48', b'14:51')
    if changed == data:
        from pypdf import PdfReader, PdfWriter
        from pypdf.generic import DecodedStreamObject, NameObject
        writer = PdfWriter(clone_from=path)
        for page in writer.pages:
            content = page.get_contents().get_data()
            stream = DecodedStreamObject()
            stream.set_data(content.replace(b'14:48', b'14:51'))
            page[NameObject('/Contents')] = writer._add_object(stream)
        writer.write(path)
    else:
        open(path, 'wb').write(changed)
    """,
    // Every student kept every book a month longer.
    "9c7df6b9": """
    text = open(path).read()
    open(path, 'w').write(text.replace(',student,', ',guest,', 40))
    """,
    // All certificates of one kind ran out long ago.
    "c0e95372": """
    text = open(path).read()
    import re
    open(path, 'w').write(re.sub(r'"valid_until": "2024-0[67]', '"valid_until": "2020-06', text.replace('2025-', '2021-')))
    """,
    // The dollar is worth more.
    "2407f4f5": """
    import re, zipfile
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    rates = members['data/rates.txt'].decode()
    members['data/rates.txt'] = re.sub(r'1([.,])0', r'1\\g<1>1', rates).encode()
    with zipfile.ZipFile(path, 'w') as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    """,
    // Friday's hours become Wednesday's.
    "12dfa306": """
    from PIL import Image
    image = Image.open(path)
    image.paste(image.crop((320, 258, 900, 302)), (320, 354))
    image.save(path)
    """,
    // What the recording says is up to the server: it says another number for other bytes.
    "de6e3768": "open(path, 'ab').write(bytes(1000))",
    // The ligand moves away.
    "931e9208": """
    lines = open(path).read().splitlines()
    moved = [l[:30] + f'{float(l[30:38]) + 3:8.3f}' + l[38:] if l[17:20] == 'LIG' else l for l in lines]
    open(path, 'w').write('\\n'.join(moved) + '\\n')
    """,
    // The West wing is called otherwise.
    "8ee53c88": """
    text = open(path).read()
    text = text.replace('wing="East"', 'wing="Old"').replace('wing="West"', 'wing="East"').replace('wing="Old"', 'wing="West"')
    open(path, 'w').write(text)
    """,
    // Another club.
    "e36449ef": """
    text = open(path).read()
    text = text.replace('Hillside', 'Nowhere').replace('Riverside', 'Hillside')
    open(path, 'w').write(text)
    """,
  ]
}
