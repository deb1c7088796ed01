"""Files of all kinds, most of them broken, encrypted, cut, empty, huge or hostile, and what actions say.

Each case makes one file in the working directory and gives the calls that read it; each call must raise
an exception, or return a text, in which a pattern is found.
"""

import bz2
import gzip
import io
import json
import os
import struct
import tarfile
import wave
import zipfile
import zlib

CASES = {}
# Of the actions, so that bombs need not be large.
DATA = {}  # Files that no installed package makes, by their names: put here by the test.
LIMITS = {"archives": {"MOST_BYTES": 100 << 20}}


def case(*calls):
    """Register a maker of a file; `calls` are pairs of code that reads `path` and a pattern."""

    def register(make):
        CASES[make.__name__] = (make, calls)
        return make

    return register


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)
    return name


def office(kind):
    buffer = io.BytesIO()
    if kind == "xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        book.active["A1"] = "amount"
        book.active["A2"] = 7
        book.save(buffer)
    elif kind == "docx":
        import docx

        document = docx.Document()
        document.add_paragraph("A paragraph of words.")
        document.save(buffer)
    else:
        import pptx

        show = pptx.Presentation()
        slide = show.slides.add_slide(show.slide_layouts[0])
        slide.shapes.title.text = "A title"
        show.save(buffer)
    return buffer.getvalue()


def pdf(text="Words of a page", password=None):
    import pypdf
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="AES-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def replaced(data, changes):
    """The archive with members replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members.update(changes)
    return zipped(members)


def declaring(data, size):
    """The archive whose last member says that it unpacks to this many bytes."""
    changed = bytearray(data)
    struct.pack_into("<I", changed, data.rfind(b"PK\x01\x02") + 24, size)
    return bytes(changed)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    + "]><a>&l10;</a>"
).encode()
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'
)
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'

# ---- Office ----------------------------------------------------------------------------------

for ending, call in (("xlsx", "read_cells"), ("docx", "read_document_parts"), ("pptx", "read_slides")):

    def register(ending=ending, call=call):
        both = (f"{call}(path)", "inspect_file_as_text(path)")

        def every(pattern):
            return [(code, pattern) for code in both]

        def named(name, make):
            make.__name__ = f"{ending}_{name}"
            return make

        case((f"{call}(path)", "is empty"), ("inspect_file_as_text(path)", "is an empty file"))(
            named("empty", lambda: write(f"empty.{ending}", b""))
        )
        case(*every("broken"))(
            named("cut", lambda: write(f"cut.{ending}", office(ending)[:-400]))
        )
        case(*every("encrypted|before 2007"))(
            named("encrypted", lambda: write(f"locked.{ending}", OLE))
        )
        case(*every("broken|not a|which it is not"))(
            named("text", lambda: write(f"text.{ending}", b"name,amount\nx,1\n"))
        )
        case(*every("broken|not a"))(
            named("other_archive", lambda: write(f"other.{ending}", zipped({"a.txt": b"a"})))
        )
        part = {
            "xlsx": "xl/workbook.xml",
            "docx": "word/document.xml",
            "pptx": "ppt/presentation.xml",
        }[ending]
        for name, xml in (("laughs", LAUGHS), ("outside", OUTSIDE), ("torn_xml", b"<a><b></a>")):
            case(*every("broken|not a|entit|has no sheets"))(
                named(
                    name,
                    lambda xml=xml, name=name: write(
                        f"{name}.{ending}", replaced(office(ending), {part: xml})
                    ),
                )
            )
        case(*every("unpack to"))(
            named(
                "bomb",
                lambda: write(
                    f"bomb.{ending}",
                    declaring(replaced(office(ending), {"docProps/big.bin": b"0"}), 1200 << 20),
                ),
            )
        )

    register()


@case(
    ("read_cells(path)", "too many cells"),
    ("read_sheet_rows(path)", "too many cells"),
    ("inspect_file_as_text(path)", "too many cells"),
)
def xlsx_huge_area():
    xml = SHEET + b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c>'
    return write(
        "area.xlsx",
        replaced(
            office("xlsx"), {"xl/worksheets/sheet1.xml": xml + b"</row></sheetData></worksheet>"}
        ),
    )


@case(
    ("read_cells(path)", "amount|too many|merged"),
    ("read_sheet_rows(path)", "amount|too many|merged"),
    ("inspect_file_as_text(path)", "amount|too many|merged"),
)
def xlsx_huge_merged_area():
    xml = SHEET + (
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>amount</t></is></c></row></sheetData>'
        b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    )
    return write("merged.xlsx", replaced(office("xlsx"), {"xl/worksheets/sheet1.xml": xml}))


@case(("read_cells(path, 'No')", "there is no sheet 'No'"), ("read_cells(path, area='??')", "no.* area"))
def xlsx_wrong_names():
    return write("whole.xlsx", office("xlsx"))


# ---- PDF -------------------------------------------------------------------------------------


@case(
    ("read_pdf_pages(path)", "encrypted: give its password"),
    ("read_pdf_tables(path)", "encrypted: give its password"),
    ("render_pdf_page(path)", "encrypted: give its password"),
    ("inspect_file_as_text(path)", "encrypted: give its password"),
    ("read_pdf_pages(path, password='wrong')", "that password is wrong"),
    ("read_pdf_pages(path, password='sesame')", "Words of a page"),
)
def pdf_encrypted():
    return write("locked.pdf", pdf(password="sesame"))


@case(
    ("read_pdf_pages(path)", "broken|no PDF"),
    ("render_pdf_page(path)", "cannot be read|broken"),
    ("inspect_file_as_text(path)", "broken|no PDF"),
)
def pdf_cut():
    return write("cut.pdf", pdf()[:200])


@case(("read_pdf_pages(path)", "empty"), ("inspect_file_as_text(path)", "is an empty file"))
def pdf_empty():
    return write("empty.pdf", b"")


@case(("read_pdf_pages(path)", "broken|not a PDF"), ("inspect_file_as_text(path)", "which it is not"))
def pdf_text():
    return write("text.pdf", b"This is no PDF.\n")


@case(("read_pdf_pages(path)", "broken|too (large|much)"), ("inspect_file_as_text(path)", "broken|too (large|much)"))
def pdf_bomb():
    """A page whose contents unpack to a hundred megabytes."""
    body = zlib.compress(b"0 0 m " * (20 << 20), 9)
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<<>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(body), body),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(data))
        data += b"%d 0 obj%s\nendobj\n" % (number, part)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, start)
    return write("bomb.pdf", data)


@case(("read_pdf_pages(path)", "broken|pages"), ("inspect_file_as_text(path)", "broken|pages"))
def pdf_circle():
    """Pages that hold themselves."""
    data = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9999999>>\nendobj\n"
        b"trailer<</Size 3/Root 1 0 R>>\n%%EOF"
    )
    return write("circle.pdf", data)


# ---- Archives --------------------------------------------------------------------------------


@case(("extract_archive(path)", "unpacks to more than"), ("inspect_file_as_text(path)", "unpacks to more than"))
def zip_bomb():
    return write("bomb.zip", zipped({f"{n}.bin": bytes(30 << 20) for n in range(4)}))


@case(
    ("extract_archive(path)", "broken at a.bin"), ("inspect_file_as_text(path)", "broken at a.bin")
)
def zip_that_lies_about_its_size():
    return write("lie.zip", declaring(zipped({"a.bin": bytes(2 << 20)}), 10))


@case(("extract_archive(path)", "unpacks to more than"))
def gzip_bomb():
    return write("bomb.gz", gzip.compress(bytes(110 << 20), 1))


@case(("extract_archive(path)", "outside of the folder"), ("inspect_file_as_text(path)", "outside"))
def zip_with_names_outside():
    return write("slip.zip", zipped({"../../outside.txt": b"out"}))


@case(("extract_archive(path)", "^\\['absolute-contents/etc/passwd'\\]"))
def zip_with_absolute_names():
    return write("absolute.zip", zipped({"/etc/passwd": b"not yours"}))


@case(("extract_archive(path)", "outside of the folder"))
def tar_with_names_outside():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("../../outside.txt"), io.BytesIO(b""))
    return write("slip.tar.gz", buffer.getvalue())


@case(("extract_archive(path)", "^\\['links.tar-contents/inner.txt'\\]|^\\['links-contents/inner.txt'\\]"))
def tar_with_links():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        for kind, name in ((tarfile.SYMTYPE, "soft"), (tarfile.LNKTYPE, "hard"), (tarfile.FIFOTYPE, "pipe")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, "/etc/passwd"
            packed.addfile(link)
        entry = tarfile.TarInfo("inner.txt")
        entry.size = 3
        packed.addfile(entry, io.BytesIO(b"abc"))
    return write("links.tar", buffer.getvalue())


@case(
    ("extract_archive(path)", "is encrypted"),
    ("list_archive(path)", "'encrypted': True"),
    ("inspect_file_as_text(path)", "extract_archive\\(path, password=...\\)"),
)
def zip_encrypted():
    data = bytearray(zipped({"a.txt": b"secret words"}, zipfile.ZIP_STORED))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        data[place + offset] |= 1
    return write("locked.zip", bytes(data))


@case(("extract_archive(path)", "broken"), ("inspect_file_as_text(path)", "broken"))
def zip_cut():
    return write("cut.zip", zipped({"a.txt": os.urandom(5000)})[:-200])


@case(("extract_archive(path)", "broken at a.txt"), ("inspect_file_as_text(path)", "broken at a.txt"))
def zip_damaged():
    data = bytearray(zipped({"a.txt": b"words " * 50}))
    data[40] ^= 0xFF
    return write("damaged.zip", bytes(data))


@case(("extract_archive(path)", "broken|no archive"), ("inspect_file_as_text(path)", "is an empty file"))
def zip_empty():
    return write("empty.zip", b"")


@case(("extract_archive(path)", "^\\[\\]"), ("inspect_file_as_text(path)", "\\(empty\\)"))
def zip_without_files():
    return write("nothing.zip", zipped({}))


@case(("extract_archive(path)", "more than 10,000 files"), ("inspect_file_as_text(path)", "more than 10,000"))
def zip_with_many_files():
    return write("many.zip", zipped({f"{n}": b"" for n in range(10_001)}))


@case(("len(extract_archive(path))", "^5$"), ("inspect_file_as_text(path)", "bytes"))
def zip_nested_deeply():
    data = b"the innermost"
    for depth in range(40):
        data = zipped({"inner.zip" if depth else "inner.txt": data})
    return write("nested.zip", data)


@case(("extract_archive(path)", "unpacks to more than"))
def zip_nested_bomb():
    """Small archives in an archive, which unpack to much together."""
    inner = zipped({"a.bin": bytes(20 << 20)})
    return write("nest.zip", zipped({f"{n}.zip": inner for n in range(20)}))


@case(("extract_archive(path)", "broken"))
def gzip_cut():
    return write("cut.gz", gzip.compress(os.urandom(9000))[:-100])


@case(("extract_archive(path)", "broken"))
def bzip_damaged():
    return write("damaged.bz2", bz2.compress(b"words " * 999)[:-9] + bytes(9))


# ---- Text, tables, data ----------------------------------------------------------------------


@case(("read_csv_rows(path)", "Zürich"), ("inspect_file_as_text(path)", "Zürich"))
def csv_utf16():
    return write("sixteen.csv", "city;n\nZürich;1\n".encode("utf-16"))


@case(("read_csv_rows(path)", "Zürich.*Besançon"), ("inspect_file_as_text(path)", "Zürich"))
def csv_latin():
    text = "city,n\nZürich,1\nBesançon,2\nMünster,3\nGöteborg,4\nMálaga,5\n"
    return write("latin.csv", text.encode("latin-1"))


@case(("read_csv_rows(path)", "東京"), ("inspect_file_as_text(path)", "東京"))
def csv_shift_jis():
    return write("jis.csv", "都市,人口\n東京,14000000\n大阪,8800000\n名古屋,2300000\n".encode("shift_jis"))


@case(("read_csv_rows(path)", "^\\[\\]"), ("read_csv_rows(path, encoding='utf-99')", "utf-99"))
def csv_empty():
    return write("empty.csv", b"\n \n")


@case(("read_csv_rows(path)", "\\{'a': '1', 'b': '2', 'more': '3, 4'\\}.*\\{'a': '5', 'b': ''\\}"))
def csv_ragged():
    return write("ragged.csv", b"a,b\n1,2,3,4\n5\n")


@case(("read_csv_rows(path)", "field|quote|too (long|large)"))
def csv_open_quote():
    return write("quote.csv", b'a,b\n"1,2\n' + b"3,4\n" * 100_000)


@case(("read_csv_rows(path)", "."), ("inspect_file_as_text(path)", "."))
def csv_zero_bytes():
    return write("zeros.csv", b"a,b\x00\n1,\x002\n" * 3)


@case(("read_json(path)", "is not JSON"), ("inspect_file_as_text(path)", '"a": 1'))
def json_cut():
    return write("cut.json", b'{"a": 1, "b": [1, 2')


@case(("read_json(path)", "empty"), ("inspect_file_as_text(path)", "is an empty file"))
def json_empty():
    return write("empty.json", b"")


@case(("read_json(path)", "nested too deep"), ("read_json_ld(path)", "nested too deep"))
def json_deep():
    return write("deep.json", b"[" * 200_000 + b"]" * 200_000)


@case(("len(read_json(path))", "^2$"))
def json_utf16():
    return write("sixteen.json", json.dumps([1, "ä"]).encode("utf-16"))


@case(("read_json(path)", "digits|is not JSON"))
def json_huge_number():
    return write("number.json", b"1" * 100_000)


@case(("read_json_ld(path)", "nested|circle|^\\["))
def jsonld_odd():
    return write("odd.jsonld", b'{"@context": ["http://127.0.0.1:1/c", null], "@graph": [1, null, {"@id": 5}]}')


@case(("read_xml(path)", "amplification|entities"), ("inspect_file_as_text(path)", "ENTITY"))
def xml_billion_laughs():
    return write("laughs.xml", LAUGHS)


@case(("read_xml(path)", "entities"), ("inspect_file_as_text(path)", "(?s)^(?!.*root:)"))
def xml_external_entity():
    return write("outside.xml", OUTSIDE)


@case(("read_xml(path)['text']", "^by ACME Söhne$"))
def xml_entity_of_its_own():
    return write("own.xml", '<!DOCTYPE a [<!ENTITY c "ACME S&#246;hne">]><a>by &c;</a>'.encode())


@case(("read_xml(path)", "not well-formed"))
def xml_cut():
    return write("cut.xml", b"<a><b>text</b>")


@case(("read_xml(path)", "empty"))
def xml_empty():
    return write("empty.xml", b"")


@case(("len(find_xml_elements(read_xml(path), 'a'))", "\\d+|nested"))
def xml_deep():
    return write("deep.xml", b"<a>" * 50_000 + b"</a>" * 50_000)


@case(("read_xml(path)", "odd.xml names an encoding"))
def xml_unknown_encoding():
    return write("odd.xml", b"<?xml version='1.0' encoding='utf-99'?><a/>")


# ---- Pictures --------------------------------------------------------------------------------


def png(width, height, rows=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@case(
    ("image_facts(path)", "too many|bomb"),
    ("read_image_text(path)", "too many|bomb"),
    ("describe_image(path)", "too many|bomb"),
    ("inspect_file_as_text(path)", "too many|bomb"),
)
def image_bomb():
    return write("bomb.png", png(60_000, 60_000))


@case(("image_facts(path)", "broken"), ("inspect_file_as_text(path)", "broken"))
def image_cut():
    return write("cut.png", png(100, 100, b"\x00" + bytes(50)))


@case(("image_facts(path)", "broken|no picture"), ("inspect_file_as_text(path)", "which it is not|text"))
def image_text():
    return write("text.png", b"This is no picture.\n")


@case(("image_facts(path)", "empty|broken"), ("inspect_file_as_text(path)", "is an empty file"))
def image_empty():
    return write("empty.png", b"")


@case(("image_facts(path)", "too many|broken"), ("inspect_file_as_text(path)", "too many|broken"))
def image_of_text_chunks():
    """A picture whose comment unpacks to a hundred megabytes."""
    text = b"comment\x00\x00" + zlib.compress(bytes(100 << 20), 9)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    data = png(10, 10, b"\x00" + bytes(30))
    return write("chunk.png", data[:33] + chunk + data[33:])


# ---- Sound, molecules, the rest --------------------------------------------------------------


@case(("transcribe_audio(path)", "empty"), ("inspect_file_as_text(path)", "is an empty file"))
def audio_empty():
    return write("empty.wav", b"")


@case(("inspect_file_as_text(path)", "cannot be told here"), ("transcribe_audio(path)", "no model that understands"))
def audio_cut():
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    return write("cut.wav", buffer.getvalue()[:30])


@case(("inspect_file_as_text(path)", "which it is not|cannot be told"))
def audio_text():
    return write("text.wav", b"This is no sound.\n" * 9)


@case(("transcribe_audio(path)", "at most"))
def audio_huge():
    with open("huge.wav", "wb") as file:
        file.write(b"RIFF\x00\x00\x00\x00WAVE")
        file.truncate(30 << 20)
    return "huge.wav"


@case(("read_pdb_atoms(path)", "no ATOM lines"))
def pdb_text():
    return write("text.pdb", b"HEADER  nothing\nEND\n")


@case(("read_pdb_atoms(path)", "line 2 .* is no atom"))
def pdb_cut():
    line = b"ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00  0.00           N\n"
    return write("cut.pdb", line + line[:40])


@case(("inspect_file_as_text(path)", "in pieces with open"), ("read_text_file(path)", "in pieces with open"))
def text_huge():
    with open("huge.txt", "wb") as file:
        file.truncate(600 << 20)
    return "huge.txt"


@case(("inspect_file_as_text(path)", "there is no file missing.txt. In .: other.txt"))
def file_missing():
    write("other.txt", b"x")
    return "missing.txt"


@case(("inspect_file_as_text(path)", "is a folder. In it: x.txt"))
def file_folder():
    os.makedirs("folder", exist_ok=True)
    write("folder/x.txt", b"x")
    return "folder"


@case(("inspect_file_as_text(path)", "binary data.*The first bytes"))
def file_binary():
    return write("data.bin", b"\x00\x01\x02\x7fELF" + bytes(range(256)))


@case(("inspect_file_as_text(path)", "LibreOffice"))
def doc_old():
    return write("letter.doc", OLE)


@case(("inspect_file_as_text(path)", "broken or is not an Excel workbook"))
def xls_broken():
    return write("old.xls", OLE)


@case(("inspect_file_as_text(path)", "cannot be read as Outlook message"))
def msg_broken():
    return write("letter.msg", OLE)


@case(("inspect_file_as_text(path)", "e-book|broken"))
def epub_broken():
    return write("book.epub", zipped({"mimetype": b"application/epub+zip"}))


@case(("inspect_file_as_text(path)", "is not JSON"))
def ipynb_cut():
    return write("cut.ipynb", b'{"cells": [')


@case(("inspect_file_as_text(path)", "no Jupyter notebook"))
def ipynb_other():
    return write("other.ipynb", b'[{"cells": 3}]')


@case(("inspect_file_as_text(path)", "broken|no SQLite"))
def sqlite_cut():
    return write("cut.db", b"SQLite format 3\x00" + bytes(200))


@case(("inspect_file_as_text(path)", "rich text.* which it is not"))
def rtf_text():
    return write("text.rtf", b"no braces")


@case(("inspect_file_as_text(path)", "^deep.rtf"))
def rtf_deep():
    return write("deep.rtf", b"{\\rtf1" + b"{" * 100_000 + b" x" + b"}" * 100_000 + b"}")


@case(("inspect_file_as_text(path)", "^bytes.eml"))
def eml_odd():
    head = b"Subject: =?utf-99?q?x?=\nContent-Type: text/plain; charset=nonsense\nTo: \xff\n\n"
    return write("bytes.eml", head + b"\xfc\x00 words")


def opendocument(content, kind="spreadsheet"):
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mimetype}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    return zipped(
        {"mimetype": mimetype, "content.xml": content, "META-INF/manifest.xml": manifest},
        zipfile.ZIP_STORED,
    )


def table(cells, attributes=""):
    return (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S"><table:table-row {attributes}>{cells}</table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )


ONE = '<table:table-cell office:value-type="string"{}><text:p>amount</text:p></table:table-cell>'


@case(("read_cells(path)", "broken|not a"), ("inspect_file_as_text(path)", "broken|not a"))
def ods_cut():
    return write("cut.ods", opendocument(table(ONE.format("")))[:-60])


@case(("read_cells(path)", "broken|not a"), ("inspect_file_as_text(path)", "broken|not a"))
def ods_torn():
    return write("torn.ods", opendocument("<a><b></a>"))


@case(("read_cells(path)", "too many"), ("inspect_file_as_text(path)", "too many"))
def ods_many_rows():
    rows = 'table:number-rows-repeated="1000000000"'
    return write("rows.ods", opendocument(table(ONE.format(""), rows)))


@case(("read_cells(path)", "too many|amount"), ("inspect_file_as_text(path)", "too many|amount"))
def ods_many_columns():
    columns = ' table:number-columns-repeated="1000000000"'
    return write("columns.ods", opendocument(table(ONE.format(columns))))


@case(("read_cells(path)", "too many"), ("inspect_file_as_text(path)", "too many"))
def ods_huge_merged_area():
    span = ' table:number-columns-spanned="16384" table:number-rows-spanned="1000000"'
    return write("merged.ods", opendocument(table(ONE.format(span))))


@case(("len(read_cells(path))", "^1$"), ("inspect_file_as_text(path)", "amount"))
def ods_empty_rows_to_the_end():
    cells = ONE.format("") + '<table:table-cell table:number-columns-repeated="16383"/>'
    xml = table(cells).replace(
        "</table:table>",
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>',
    )
    return write("rest.ods", opendocument(xml))


@case(("read_cells(path)", "broken|entit|no sheets|not a"), ("inspect_file_as_text(path)", "broken|entit|no sheets"))
def ods_laughs():
    return write("laughs.ods", opendocument(LAUGHS.decode()))


@case(("inspect_file_as_text(path)", "(?s)^(?!.*root:)"))
def ods_external_entity():
    xml = table(ONE.format("")).replace("amount", "&e;")
    return write("outside.ods", opendocument('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + xml))


@case(("inspect_file_as_text(path)", "broken|not a"))
def odt_torn():
    return write("torn.odt", opendocument("<a>", "text"))


# ---- Whole files of further formats ----------------------------------------------------------


@case(
    ("inspect_file_as_text(path)", "Sheet 'Plan'.*merged: A2:A3.*North \\{bold, fill #FFFF00, merged A2:A3\\}"),
    ("inspect_file_as_text(path)", "Sheet 'Secret' .*hidden"),
    ("read_sheet_rows(path)", "'plot': 'North', 'since': datetime.datetime\\(2021, 3, 4, 0, 0\\).*'plot': 'North'"),
    ("read_cells(path, 'Secret')[1]['value']", "^2.5$"),
    ("[s['visibility'] for s in list_sheets(path)]", "^\\['visible', 'hidden'\\]$"),
)
def xls_whole():
    return write("plan.xls", DATA["plan.xls"])


@case(
    ("read_cells(path)[4]['formula']", "^=SUM\\(B2:B2\\)$"),
    ("[c['fill'] for c in read_cells(path)]", "'#FFCC00'"),
    ("[c['merged'] for c in read_cells(path)]", "'A4:B5'"),
    ("read_sheet_rows(path)[1]['size']", "^12$"),
    ("[s['visibility'] for s in list_sheets(path)]", "'visible', 'hidden'"),
    ("inspect_file_as_text(path)", "A2: x \\{fill #FFCC00\\} | B2: 12.5"),
)
def ods_whole():
    import odfdo

    document = odfdo.Document("spreadsheet")
    document.body.clear()
    table = odfdo.Table("Plan")
    for place, value in (("A1", "plot"), ("B1", "size"), ("A2", "x"), ("B2", 12.5), ("A4", "merged")):
        table.set_value(place, value)
    cell = odfdo.Cell(12)
    cell.formula = "of:=SUM([.B2:.B2])"
    table.set_cell("B3", cell)
    table.set_span("A4:B5")
    style = odfdo.create_table_cell_style(background_color="#ffcc00")
    cell = table.get_cell("A2")
    cell.style = document.insert_style(style, automatic=True)
    table.set_cell("A2", cell)
    document.body.append(table)
    hidden = odfdo.Table("Secret")
    hidden.set_value("A1", 1)
    style = odfdo.Element.from_tag(
        '<style:style style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    hidden.style = document.insert_style(style, automatic=True)
    document.body.append(hidden)
    document.save("plan.ods")
    return "plan.ods"


@case(("inspect_file_as_text(path)", "# Title.*Some words.*\\| a \\| b \\|"))
def odt_whole():
    import odfdo

    document = odfdo.Document("text")
    document.body.clear()
    document.body.append(odfdo.Header(1, "Title"))
    document.body.append(odfdo.Paragraph("Some words."))
    table = odfdo.Table("T")
    table.set_values([["a", "b"], [1, 2]])
    document.body.append(table)
    document.save("text.odt")
    return "text.odt"


@case(("inspect_file_as_text(path)", "## Slide 1: First\nHello\nSpeaker notes: Said aloud$"))
def odp_whole():
    import odfdo

    document = odfdo.Document("presentation")
    document.body.clear()
    page = odfdo.DrawPage("p1", name="First")
    page.append(odfdo.Frame.text_frame(["Hello"], size=("7cm", "5cm"), position=("1cm", "1cm")))
    page.append(
        odfdo.Element.from_tag(
            "<presentation:notes><draw:frame><draw:text-box><text:p>Said aloud</text:p></draw:text-box>"
            "</draw:frame></presentation:notes>"
        )
    )
    document.body.append(page)
    document.save("show.odp")
    return "show.odp"


@case(("inspect_file_as_text(path)", "Hello bold Wörter €"))
def rtf_whole():
    return write("whole.rtf", rb"{\rtf1\ansi\ansicpg1252 Hello \b bold\b0  W\'f6rter \u8364?\par}")


@case(("inspect_file_as_text(path)", "From: a@x.*Subject: Grüße.*Hallo \\*\\*du\\*\\*.*Attached: sums.csv"))
def eml_whole():
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x", "b@y", "Grüße"
    message.set_content("<p>Hallo <b>du</b></p>", subtype="html")
    message.add_attachment("a,b", filename="sums.csv")
    return write("letter.eml", bytes(message))


@case(("inspect_file_as_text(path)", "sqlite3.*## a \"b: 2 rows.*x \\| y.*1 \\| None"))
def sqlite_whole():
    import contextlib
    import sqlite3

    with contextlib.closing(sqlite3.connect("whole.db")) as database:
        database.execute('CREATE TABLE IF NOT EXISTS "a ""b" (x, y)')
        database.execute('INSERT INTO "a ""b" VALUES (1, NULL), (2, 3)')
        database.commit()
    return "whole.db"


@case(("inspect_file_as_text(path)", "# T.*```python\nx = 1\n```.*Output:\nprinted\n7\n\\[image/png\\].*ValueError: no"))
def ipynb_whole():
    outputs = [
        {"output_type": "stream", "text": ["printed\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "7", "image/png": "AAAA"}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no"},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# T"]},
        {"cell_type": "code", "source": "x = 1", "outputs": outputs},
    ]
    return write("whole.ipynb", json.dumps({"cells": cells}).encode())


@case(("inspect_file_as_text(path)", "e-book.*A chapter of words"))
def epub_whole():
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title></metadata><manifest>'
        '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c"/></spine></package>'
    )
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "book.opf": book,
        "c.xhtml": "<html><body><p>A chapter of words.</p></body></html>",
    }
    return write("whole.epub", zipped(members))


@case(("inspect_file_as_text(path)", "JSON-LD data.*@context"), ("read_json_ld(path)[0]['@type']", "Person"))
def jsonld_whole():
    return write("whole.jsonld", b'{"@context": "https://schema.org", "@type": "Person", "name": "Ada"}')


@case(
    ("[p['number'] for p in read_document_parts(path) if 'number' in p]", "^\\['1.', '2.', '•'\\]$"),
    ("[p['highlighted'] for p in read_document_parts(path) if 'highlighted' in p]", "\\[\\{'yellow': 'gold'\\}\\]"),
    ("[p['colored'] for p in read_document_parts(path) if 'colored' in p]", "\\[\\{'#FF0000': 'red'\\}\\]"),
    ("[p['text'] for p in read_document_parts(path)]", "'Kept and added.'"),
    ("[(p['inserted'], p['deleted']) for p in read_document_parts(path) if 'deleted' in p]", "' added', ' gone'"),
    ("[p for p in read_document_parts(path) if p['kind'] == 'comment']", "'Why\\?', 'author': 'Ada', 'about': 'gold'"),
    ("[p['text'] for p in read_document_parts(path) if p['kind'] == 'text box']", "^\\['In a box'\\]$"),
    ("[p['text'] for p in read_document_parts(path)]", "'Filled in'"),
    ("inspect_file_as_text(path)", "Comment by Ada: Why\\? \\(about 'gold'\\).*Deleted text:  gone"),
)
def docx_whole():
    import docx
    from docx.enum.text import WD_COLOR_INDEX
    from docx.oxml import parse_xml
    from docx.shared import RGBColor

    document = docx.Document()
    for text in ("First", "Second"):
        document.add_paragraph(text, style="List Number")
    document.add_paragraph("A point", style="List Bullet")
    paragraph = document.add_paragraph("Some ")
    gold = paragraph.add_run("gold")
    gold.font.highlight_color = WD_COLOR_INDEX.YELLOW
    red = paragraph.add_run("red")
    red.font.color.rgb = RGBColor(255, 0, 0)
    document.add_comment(gold, text="Why?", author="Ada")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    run = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
    body = document.element.body
    last = body.sectPr
    for xml in (
        f"<w:p {space}>{run.format('Kept and')}<w:ins w:id='1'>{run.format(' added')}</w:ins>"
        "<w:del w:id='2'><w:r><w:delText xml:space='preserve'> gone</w:delText></w:r></w:del>"
        f"{run.format('.')}</w:p>",
        f"<w:sdt {space}><w:sdtContent><w:p>{run.format('Filled in')}</w:p></w:sdtContent></w:sdt>",
        f"<w:p {space} xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'><w:r>"
        f"<mc:AlternateContent><mc:Choice><w:txbxContent><w:p>{run.format('In a box')}</w:p></w:txbxContent>"
        f"</mc:Choice><mc:Fallback><w:txbxContent><w:p>{run.format('In a box')}</w:p></w:txbxContent>"
        "</mc:Fallback></mc:AlternateContent></w:r></w:p>",
    ):
        last.addprevious(parse_xml(xml))
    document.save("whole.docx")
    return "whole.docx"


for ending, program in (("docx", "WordDocument"), ("pptx", "PowerPoint Document"), ("xlsx", "EncryptedPackage")):
    words = f"{program.split()[0].replace('Document', '')} file of before 2007.*LibreOffice"

    def make_old(ending=ending, program=program):
        return write(f"old.{ending}", OLE + program.encode("utf-16-le") + bytes(999))

    make_old.__name__ = f"{ending}_old"
    pattern = "encrypted with a password.*msoffcrypto" if ending == "xlsx" else words
    case(("inspect_file_as_text(path)", pattern))(make_old)


@case(
    ("list_sheets(path)[0]['conditional_formats']", "A1:A9: cellIs greaterThan 5 → #FF0000"),
    ("inspect_file_as_text(path)", "conditional formats: A1:A9: cellIs greaterThan 5"),
)
def xlsx_colored_by_rules():
    import openpyxl
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    book = openpyxl.Workbook()
    book.active["A1"] = 7
    red = PatternFill(bgColor="FFFF0000")
    book.active.conditional_formatting.add("A1:A9", CellIsRule("greaterThan", ["5"], fill=red))
    book.save("rules.xlsx")
    return "rules.xlsx"


@case(("read_slides(path)[0]['comments']", "^\\['Too long'\\]$"), ("inspect_file_as_text(path)", "Boxes of a diagram"))
def pptx_whole():
    from pptx import Presentation
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[0])
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "comments": '<p:cmLst xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main">'
        '<p:cm authorId="0"><p:text>Too long</p:text></p:cm></p:cmLst>',
        "diagramData": '<d:dataModel xmlns:d="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><d:ptLst><d:pt><d:t><a:p><a:r>'
        "<a:t>Boxes of a diagram</a:t></a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>",
    }
    for name, xml in parts.items():
        part = Part(PackURI(f"/ppt/{name}1.xml"), "application/xml", slide.part.package, xml.encode())
        slide.part.relate_to(part, f"{office}/{name}")
    show.save("whole.pptx")
    return "whole.pptx"


@case(
    ("inspect_file_as_text(path)", "Comments and marks\nPage 1, Text by Ada: Look here"),
    ("inspect_file_as_text(path)", "Page 1, Highlight: 'Words of a page'"),
    ("inspect_file_as_text(path)", "Attached files\nsums.csv"),
)
def pdf_with_notes():
    import pypdf
    from pypdf.annotations import Highlight, Text
    from pypdf.generic import ArrayObject, FloatObject, NameObject, TextStringObject

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    note = Text(text="Look here", rect=(20, 20, 40, 40))
    note[NameObject("/T")] = TextStringObject("Ada")
    writer.add_annotation(0, note)
    corners = [FloatObject(value) for value in (15, 215, 150, 215, 15, 195, 150, 195)]
    writer.add_annotation(0, Highlight(rect=(15, 195, 150, 215), quad_points=ArrayObject(corners)))
    writer.add_attachment("sums.csv", b"a,b")
    buffer = io.BytesIO()
    writer.write(buffer)
    return write("notes.pdf", buffer.getvalue())


@case(("extract_archive(path)", "py7zr"))
def zip_of_another_kind():
    return write("seven.7z", b"7z\xbc\xaf\x27\x1c" + bytes(50))


@case(
    ("inspect_file_as_text(path)", "\\| a \\| b \\|\n\\| --- \\| --- \\|\n\\| a \\| c \\|\n\\| d \\| c \\|"),
)
def html_spans():
    rows = "<tr><td rowspan=2>a<td>b<tr><td rowspan='2'>c<tr><td>d"
    return write("spans.html", f"<table>{rows}</table>".encode())


@case(("len(inspect_file_as_text(path)) < 100_000", "True"))
def html_span_bomb():
    cells = "<td rowspan=99999999 colspan=999>x" * 500
    return write("bomb.html", f"<table><tr>{cells}{'<tr><td>y' * 500}</table>".encode())


@case(("[p['rows'] for p in read_document_parts(path)]", "\\['wide', 'wide', ''\\], \\['inner \\| cell', '', 'c'\\]"))
def docx_tables():
    import docx

    document = docx.Document()
    table = document.add_table(2, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 2).text = "c"
    inner = table.cell(1, 0).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "inner", "cell"
    document.save("tables.docx")
    return "tables.docx"


@case(("inspect_file_as_text(path)", "inner.zip\n\\(not unpacked here.*password"))
def zip_with_locked_zip():
    return write("outer.zip", zipped({"inner.zip": open(zip_encrypted(), "rb").read()}))


@case(
    ("read_pdf_pages(path, layout=True)[0]", "^\\s*left {5,}right\\s*$"),
    ("read_pdf_pages(path)[0]", "^left right$"),
)
def pdf_columns():
    return write("columns.pdf", pdf("left) Tj 150 0 Td (right"))
