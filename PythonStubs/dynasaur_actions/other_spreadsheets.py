"""Spreadsheets of other formats, .ods and .xls, as workbooks like those that .xlsx files give."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile, explained, opened
from dynasaur_actions.packages import require

MOST_CELLS = 500_000


def workbook_of_ods(path: str, values: bool) -> Any:
    """A workbook of an OpenDocument spreadsheet: with the values of its formulas, or with formulas."""
    odfdo = require("odfdo")
    words = "a spreadsheet (.ods)"
    with opened(check_file(path), words):
        document = odfdo.Document(Path(path))
        workbook = _empty_workbook()
        left = MOST_CELLS
        for table in document.body.get_tables():
            sheet = workbook.create_sheet(table.name)
            left -= _Ods(document, sheet, values).copy(table, path, left)
        return whole(workbook, path)


def workbook_of_xls(path: str) -> Any:
    """A workbook of an Excel file of before 2007: formulas are not in it, their values are."""
    xlrd = require("xlrd")
    with explained(path, "an Excel workbook (.xls)"):
        # What xlrd warns of is no output of the code that calls it.
        book = xlrd.open_workbook(check_file(path), formatting_info=True, logfile=_Nowhere())
        workbook = _empty_workbook()
        for source in book.sheets():
            if source.nrows * source.ncols > MOST_CELLS:
                raise UnreadableFile(f"sheet {source.name!r} of {path} has too many cells to read")
            _Xls(xlrd, book, workbook.create_sheet(source.name)).copy(source)
        return whole(workbook, path)


class _Nowhere:
    def write(self, text: str) -> None:
        """Take a text and drop it."""


def _empty_workbook() -> Any:
    workbook = require("openpyxl").Workbook()
    workbook.remove(workbook.active)
    return workbook


def whole(workbook: Any, path: str) -> Any:
    """The workbook, which has sheets to read."""
    if not workbook.worksheets:
        raise UnreadableFile(f"{path} has no sheets with cells")
    return workbook


def _fill(cell: Any, color: str | None) -> None:
    """Colour a cell: six hexadecimal digits."""
    if color:
        cell.fill = require("openpyxl.styles").PatternFill("solid", fgColor=color.upper())


class _Ods:
    """Copies one table."""

    def __init__(self, document: Any, sheet: Any, values: bool) -> None:
        self.document = document
        self.sheet = sheet
        self.values = values
        self.merged = 0

    def copy(self, table: Any, path: str, left: int) -> int:
        """Copy the cells; their number. Empty ones that stand for many are passed over."""
        if self.style("table", table).get("table:display") == "false":
            self.sheet.sheet_state = "hidden"
        columns = [self.style("table-cell", column, "table:default-cell-style-name") for column in _repeated(
            table.get_elements("descendant::table:table-column"), "columns", 1024)]
        number = copied = 0
        for row in table.get_elements("descendant::table:table-row"):
            repeats = _count(row, "rows")
            cells = list(self._cells(row, columns))
            hidden = row.get_attribute("table:visibility") in ("collapse", "filter")
            if not cells:
                number += repeats
                continue
            copied += len(cells) * repeats
            if copied > left:
                raise UnreadableFile(f"{path} has more than {MOST_CELLS:,} cells, too many to read")
            for _ in range(repeats):
                number += 1
                if hidden:
                    self.sheet.row_dimensions[number].hidden = True
                for column, source, style in cells:
                    self._put(number, column, source, style)
        return copied

    def _cells(self, row: Any, columns: list[dict[str, Any]]) -> Iterator[tuple[int, Any, dict[str, Any]]]:
        column = 0
        for cell in row.get_elements("table:table-cell|table:covered-table-cell"):
            repeats = _count(cell, "columns")
            covered = cell.tag == "table:covered-table-cell"
            for _ in range(min(repeats, 16_384)):
                column += 1
                style = self.style("table-cell", cell)
                if not style and column <= len(columns):
                    style = columns[column - 1]
                if covered:
                    continue
                filled = cell.get_attribute("office:value-type") or cell.get_elements("text:p")
                if filled or cell.get_attribute("table:number-columns-spanned") or (
                    # A fill that goes on to the end of the sheet is no content.
                    _color(style) and repeats < 100
                ):
                    yield column, cell, style
            column += max(0, repeats - 16_384)

    def _put(self, row: int, column: int, source: Any, style: dict[str, Any]) -> None:
        cell = self.sheet.cell(row, column)
        formula = source.get_attribute("table:formula")
        if formula and not self.values:
            cell.value = "=" + _plain_formula(formula)
        else:
            self._set(cell, source)
        _fill(cell, _color(style))
        cell.font = require("openpyxl.styles").Font(
            bold=style.get("fo:font-weight") == "bold",
            italic=style.get("fo:font-style") == "italic",
            strike=style.get("style:text-line-through-style", "none") != "none",
            color=_hexadecimal(style.get("fo:color")),
        )
        for note in source.get_elements("office:annotation"):
            text = "\n".join(part.inner_text for part in note.get_elements("text:p"))
            cell.comment = require("openpyxl.comments").Comment(text, "")
        width = int(source.get_attribute("table:number-columns-spanned") or 1)
        height = int(source.get_attribute("table:number-rows-spanned") or 1)
        self.merged += width * height if width * height > 1 else 0
        if self.merged > MOST_CELLS:
            raise UnreadableFile("merged areas cover too many cells to read")
        if width > 1 or height > 1:
            self.sheet.merge_cells(
                start_row=row, start_column=column, end_row=row + height - 1, end_column=column + width - 1
            )

    @staticmethod
    def _set(cell: Any, source: Any) -> None:
        kind = source.get_attribute("office:value-type")
        if kind in ("float", "percentage", "currency"):
            value = float(source.get_attribute("office:value"))
            cell.value = int(value) if value.is_integer() else value
        elif kind == "boolean":
            cell.value = source.get_attribute("office:boolean-value") == "true"
        elif kind == "date":
            from datetime import datetime

            cell.value = datetime.fromisoformat(source.get_attribute("office:date-value"))
        else:
            text = "\n".join(part.inner_text for part in source.get_elements("text:p"))
            cell.value = text or None
            if text:
                cell.data_type = "s"  # Also where it begins with "=".

    def style(self, family: str, element: Any, attribute: str = "table:style-name") -> dict[str, Any]:
        """What a style says, with what it inherits."""
        name = element.get_attribute(attribute)
        found: dict[str, Any] = {}
        for _ in range(20):
            if not name:
                break
            style = self.document.get_style(family, name)
            if style is None:
                break
            for part in style.children:
                if part.tag.endswith("-properties"):
                    found = {**part.attributes, **found}
            name = style.get_attribute("style:parent-style-name")
        return found


def _count(element: Any, of: str) -> int:
    return int(element.get_attribute(f"table:number-{of}-repeated") or 1)


def _repeated(elements: list[Any], of: str, most: int) -> Iterator[Any]:
    for element in elements:
        for _ in range(min(_count(element, of), most)):
            yield element


def _hexadecimal(color: Any) -> str | None:
    return color[1:] if isinstance(color, str) and re.fullmatch("#[0-9a-fA-F]{6}", color) else None


def _color(style: dict[str, Any]) -> str | None:
    return _hexadecimal(style.get("fo:background-color"))


def _plain_formula(formula: str) -> str:
    """`of:=SUM([.B2:.B9])` as `SUM(B2:B9)`."""
    text = formula.partition("=")[2]

    def reference(found: re.Match[str]) -> str:
        parts = [part.lstrip("$") for part in found[1].split(":")]
        named = [part.rpartition(".") for part in parts]
        cells = ":".join(cell for _, _, cell in named)
        return f"{named[0][0]}!{cells}" if named[0][0] else cells

    return re.sub(r"\[([^\]]*)\]", reference, text)


class _Xls:
    """Copies one sheet."""

    def __init__(self, xlrd: Any, book: Any, sheet: Any) -> None:
        self.xlrd = xlrd
        self.book = book
        self.sheet = sheet

    def copy(self, source: Any) -> None:
        self.sheet.sheet_state = ("visible", "hidden", "veryHidden")[source.visibility]
        for row in range(source.nrows):
            for column in range(source.row_len(row)):
                self._put(source, row, column)
        merged = 0
        for top, bottom, left, right in source.merged_cells:
            merged += (bottom - top) * (right - left)
            if merged > MOST_CELLS:
                raise UnreadableFile("merged areas cover too many cells to read")
            self.sheet.merge_cells(
                start_row=top + 1, start_column=left + 1, end_row=bottom, end_column=right
            )
        for (row, column), note in source.cell_note_map.items():
            comment = require("openpyxl.comments").Comment(note.text, note.author or "")
            self.sheet.cell(row + 1, column + 1).comment = comment

    def _put(self, source: Any, row: int, column: int) -> None:
        cell = source.cell(row, column)
        look = self.book.xf_list[cell.xf_index]
        filled = look.background.fill_pattern == 1
        if cell.ctype == self.xlrd.XL_CELL_EMPTY or (cell.ctype == self.xlrd.XL_CELL_BLANK and not filled):
            return
        target = self.sheet.cell(row + 1, column + 1)
        value = cell.value
        if cell.ctype == self.xlrd.XL_CELL_DATE:
            value = self.xlrd.xldate_as_datetime(value, self.book.datemode)
        elif cell.ctype == self.xlrd.XL_CELL_BOOLEAN:
            value = bool(value)
        elif cell.ctype == self.xlrd.XL_CELL_ERROR:
            value = self.xlrd.error_text_from_code.get(value, "#ERROR")
        elif cell.ctype == self.xlrd.XL_CELL_NUMBER and float(value).is_integer():
            value = int(value)
        target.value = None if value == "" else value
        if isinstance(value, str) and value:
            target.data_type = "s"
        if filled:
            _fill(target, self._color(look.background.pattern_colour_index))
        font = self.book.font_list[look.font_index]
        target.font = require("openpyxl.styles").Font(
            bold=bool(font.bold),
            italic=bool(font.italic),
            strike=bool(font.struck_out),
            color=self._color(font.colour_index),
        )

    def _color(self, index: int) -> str | None:
        rgb = self.book.colour_map.get(index)
        return "{:02X}{:02X}{:02X}".format(*rgb) if rgb else None
