"""Excel workbooks: values, formulas, colours, fonts, merged areas, hidden sheets."""

import os
import re
import zipfile
from typing import Any, BinaryIO

from dynasaur_actions.files import check_file, kind_of
from dynasaur_actions.office import UnreadableFile, opened
from dynasaur_actions.other_spreadsheets import MOST_CELLS, whole, workbook_of_ods, workbook_of_xls
from dynasaur_actions.packages import require
from dynasaur_actions.spreadsheet_colors import Palette


def list_sheets(path: str) -> list[dict[str, Any]]:
    """List the sheets of an Excel workbook: name, visibility, used area, merged areas, hidden rows."""
    workbook = _open(path)
    found = []
    for sheet in workbook.worksheets:
        hidden_rows = [row for row, size in sheet.row_dimensions.items() if size.hidden]
        hidden_columns = [
            letters
            for letters, size in sheet.column_dimensions.items()
            if size.hidden and size.min is not None
        ]
        found.append(
            {
                "name": sheet.title,
                "visibility": sheet.sheet_state,
                "area": sheet.dimensions,
                "rows": sheet.max_row,
                "columns": sheet.max_column,
                "merged": sorted(str(area) for area in sheet.merged_cells.ranges),
                "hidden_rows": sorted(hidden_rows),
                "hidden_columns": sorted(hidden_columns),
                "conditional_formats": _conditional_formats(sheet),
            }
        )
    return found


def read_cells(path: str, sheet: str | None = None, area: str | None = None) -> list[dict[str, Any]]:
    """Read cells of an Excel sheet with value, formula, fill colour, font, merged area and comment."""
    workbook, values = _open(path), _open(path, values=True)
    source = _sheet(workbook, sheet)
    computed = values[source.title]
    palette = Palette(workbook)
    merged = {area.coord.split(":")[0]: area for area in source.merged_cells.ranges}
    covered = {
        (row, column)
        for area in source.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    } - {(area.min_row, area.min_col) for area in merged.values()}
    found = []
    for cell in _cells(source, area):
        if (cell.row, cell.column) in covered:
            continue
        record = _cell_record(cell, computed[cell.coordinate].value, palette)
        span = merged.get(cell.coordinate)
        record["merged"] = str(span) if span else None
        if any(record[key] is not None for key in ("value", "formula", "fill", "comment", "merged")):
            found.append(record)
    return found


def read_sheet_rows(
    path: str, sheet: str | None = None, header_row: int = 1, fill_merged: bool = True
) -> list[dict[str, Any]]:
    """Read an Excel sheet as one dict for each row; merged cells give their value to all their rows."""
    from dynasaur_actions.text_files import _unique

    values = _open(path, values=True)
    source = _sheet(values, sheet)
    _check_size(source)
    grid = {(c.row, c.column): c.value for row in source.iter_rows() for c in row}
    if fill_merged:
        for area in source.merged_cells.ranges:
            value = grid.get((area.min_row, area.min_col))
            for row in range(area.min_row, area.max_row + 1):
                for column in range(area.min_col, area.max_col + 1):
                    grid[row, column] = value
    columns = range(1, source.max_column + 1)
    heads = [grid.get((header_row, column)) for column in columns]
    names = _unique(["" if head is None else str(head).strip() for head in heads])
    rows = []
    for row in range(header_row + 1, source.max_row + 1):
        record = {name: grid.get((row, column)) for name, column in zip(names, columns, strict=True)}
        if any(value is not None for value in record.values()):
            rows.append(record)
    return rows


def workbook_text(path: str) -> str:
    """The workbook as text: each row's cells with what makes them differ from plain values."""
    parts = []
    for sheet in list_sheets(path):
        state = "" if sheet["visibility"] == "visible" else f", {sheet['visibility']}"
        lines = [f"## Sheet {sheet['name']!r} ({sheet['area']}{state})"]
        for name in ("merged", "hidden_rows", "hidden_columns", "conditional_formats"):
            if sheet[name]:
                listed = ", ".join(map(str, sheet[name][:200]))
                lines.append(f"{name.replace('_', ' ')}: {listed}")
        rows: dict[int, list[str]] = {}
        for cell in read_cells(path, sheet["name"]):
            rows.setdefault(cell["row"], []).append(_cell_text(cell))
        lines += [" | ".join(rows[row]) for row in sorted(rows)] or ["(empty)"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _conditional_formats(sheet: Any) -> list[str]:
    """What colours cells by their values, which no cell's own fill says: `B2:B9: cellIs greaterThan 5`."""
    found = []
    for area, rules in sheet.conditional_formatting._cf_rules.items():
        for rule in rules:
            words = [rule.type, rule.operator or "", ", ".join(map(str, rule.formula or []))]
            fill = rule.dxf.fill if rule.dxf is not None else None
            color = getattr(getattr(fill, "bgColor", None), "rgb", None)
            if isinstance(color, str):
                words.append(f"→ #{color[-6:]}")
            found.append(f"{area.sqref}: {' '.join(word for word in words if word)}")
    return found


def _cell_text(cell: dict[str, Any]) -> str:
    text = "" if cell["value"] is None else str(cell["value"])
    if cell["formula"]:
        text = f"{text} ({cell['formula']})" if text else cell["formula"]
    marks = [key for key in ("bold", "italic", "strike") if cell[key]]
    marks += [f"{key} {cell[key]}" for key in ("fill", "merged") if cell[key]]
    if cell["color"] not in (None, "#000000"):
        marks.append(f"color {cell['color']}")
    if cell["comment"]:
        marks.append(f"comment {cell['comment']!r}")
    return f"{cell['cell']}: {text}" + (f" {{{', '.join(marks)}}}" if marks else "")


def _cell_record(cell: Any, value: Any, palette: Palette) -> dict[str, Any]:
    formula = cell.value if cell.data_type == "f" else None
    if formula is not None and not isinstance(formula, str):  # An array formula.
        formula = getattr(formula, "text", str(formula))
    font = cell.font
    return {
        "cell": cell.coordinate,
        "row": cell.row,
        "column": cell.column,
        "value": value if formula is not None else cell.value,
        "formula": formula,
        "fill": palette.fill(cell.fill),
        "color": palette.color(font.color) if font else None,
        "bold": bool(font and font.bold),
        "italic": bool(font and font.italic),
        "strike": bool(font and font.strike),
        "number_format": cell.number_format,
        "comment": cell.comment.text if cell.comment else None,
        "link": cell.hyperlink.target if cell.hyperlink else None,
    }


def _cells(sheet: Any, area: str | None) -> Any:
    if area is None:
        _check_size(sheet)
        rows = sheet.iter_rows()
    else:
        try:
            rows = sheet[area]
        except ValueError:
            raise ValueError(f"{area!r} is not an area of cells, such as 'A1:C10'") from None
        rows = rows if isinstance(rows, tuple) else ((rows,),)
        rows = tuple(row if isinstance(row, tuple) else (row,) for row in rows)
    for row in rows:
        yield from (cell for cell in row if hasattr(cell, "column"))


def _check_size(sheet: Any) -> None:
    if sheet.max_row * sheet.max_column > MOST_CELLS:
        raise ValueError(
            f"sheet {sheet.title!r} covers {sheet.dimensions}, too many cells to read at once: "
            "give an area such as 'A1:Z1000', or use pandas.read_excel"
        )


def _sheet(workbook: Any, name: str | None) -> Any:
    if name is None:
        return workbook.worksheets[0]
    if name not in workbook.sheetnames:
        raise KeyError(f"there is no sheet {name!r}; there are {workbook.sheetnames}")
    return workbook[name]


def _open(path: str, values: bool = False) -> Any:
    openpyxl = require("openpyxl")
    if os.path.getsize(check_file(path)):
        match kind_of(path).name:
            case "ods":
                return workbook_of_ods(path, values)
            case "xls":
                return workbook_of_xls(path)
    with opened(check_file(path), "an Excel workbook (.xlsx)") as file:
        _check_merged(file, path)
        return whole(openpyxl.load_workbook(file, data_only=values), path)


def _check_merged(file: BinaryIO, path: str) -> None:
    """openpyxl makes an object for each cell of a merged area: a few bytes can ask for billions."""
    total = 0
    with zipfile.ZipFile(file) as packed:
        for name in packed.namelist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                continue
            with packed.open(name) as sheet:
                rest = b""
                while block := sheet.read(1 << 20):
                    for found in _MERGED.finditer(rest + block):
                        total += _area(found["first"].decode(), found["last"].decode())
                    rest = (rest + block)[-200:].rpartition(b">")[2]
    if total > MOST_CELLS:
        raise UnreadableFile(f"{path} merges {total:,} cells, too many to read")
    file.seek(0)


_MERGED = re.compile(rb'mergeCell [^<>]*\bref="(?P<first>[A-Z]{1,3}\d{1,7}):(?P<last>[A-Z]{1,3}\d{1,7})"')


def _area(first: str, last: str) -> int:
    places = require("openpyxl.utils.cell").coordinate_to_tuple
    (top, left), (bottom, right) = places(first), places(last)
    return int(max(0, bottom - top + 1) * max(0, right - left + 1))
