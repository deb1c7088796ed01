"""Excel workbooks: values, formulas, colours, fonts, merged areas, hidden sheets."""

from typing import Any

def list_sheets(path: str) -> list[dict[str, Any]]:
    """List the sheets of an Excel workbook: name, visibility, used area, merged areas, hidden rows.

    Each is a dict with `name`, `visibility` ('visible', 'hidden', 'veryHidden'), `area` ('A1:D9'),
    `rows`, `columns`, `merged` (a list of areas), `hidden_rows`, `hidden_columns`, and
    `conditional_formats` ('B2:B9: cellIs greaterThan 5 → #FF0000').

    Effects: reads the file.

    Example:
        >>> [(sheet["name"], sheet["visibility"]) for sheet in list_sheets("plan.xlsx")]
        [('Plan', 'visible'), ('Prices', 'hidden')]
    """

def read_cells(path: str, sheet: str | None = None, area: str | None = None) -> list[dict[str, Any]]:
    """Read cells of an Excel sheet with value, formula, fill colour, font, merged area and comment.

    Each is a dict with `cell` ('B2'), `row`, `column` (numbers from 1), `value` (of a formula the
    stored result), `formula`, `fill` and `color` of the font ('#RRGGBB' or None), `bold`, `italic`,
    `strike`, `number_format`, `comment`, `link`, and `merged` (the area that the cell begins, or
    None). Cells without value, fill and comment are left out, and so are those that a merged area
    covers: a merged block is one cell. `sheet` is the first one unless it is named; `area` such as
    'A1:D9' takes a part.

    Effects: reads the file.

    Example:
        >>> [(cell["cell"], cell["value"], cell["fill"]) for cell in read_cells("plan.xlsx", "Plan")]
        [('A1', 'Beds', None), ('A2', 12, '#FFC000'), ('B2', 30, '#92D050')]
    """

def read_sheet_rows(
    path: str, sheet: str | None = None, header_row: int = 1, fill_merged: bool = True
) -> list[dict[str, Any]]:
    """Read an Excel sheet as one dict for each row; merged cells give their value to all their rows.

    `header_row` (from 1) names the columns. Formulas give their stored results. Empty rows are left
    out.

    Effects: reads the file.

    Example:
        >>> read_sheet_rows("plan.xlsx", "Prices")[0]
        {'Crop': 'Leek', 'Price': 2.5}
    """
