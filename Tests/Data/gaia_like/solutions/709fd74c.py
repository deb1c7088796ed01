# The plan of an allotment garden: third-largest holder by filled plots.
import re
from collections import Counter

holders = {
    cell["fill"]: name["value"]
    for name in read_cells(path, "Legend")
    for cell in read_cells(path, "Legend")
    if name["column"] == 1 and cell["row"] == name["row"] and cell["column"] == 2 and cell["fill"]
}
areas = Counter()
for cell in read_cells(path, "Plan"):
    if cell["fill"] in holders:
        areas[holders[cell["fill"]]] += float(re.match(r"\s*([\d.]+)", str(cell["value"]))[1])
name, area = areas.most_common(3)[-1]
submit_final_answer(f"{name}, {area:g}")
