# Sales in an archive: revenue of one category in one month, by the rules of its README.
import re
from datetime import date

files = {name.rpartition("/")[2]: name for name in extract_archive(path)}
assert "70 % of the list price" in read_text_file(files["README.txt"])
products, category = {}, None
sheet = files["products.xlsx"]
struck = {cell["row"] for cell in read_cells(sheet) if cell["strike"]}
for number, row in enumerate(read_sheet_rows(sheet), 2):
    values = list(row.values())
    products[row["SKU"] if "SKU" in row else values[1]] = (values, number in struck)
rates = {}
for found in re.finditer(r"(\d{4}-\d{2}-\d{2})\s*[;:,\t ]\s*(\d+[.,]\d+)", read_text_file(files["rates.txt"])):
    rates[found[1]] = float(found[2].replace(",", "."))
revenue = 0.0
for order in read_csv_rows(files["orders.csv"]):
    values, discontinued = products[order["sku"]]
    shipped = order["shipped"]
    if "Lamps" not in values or not shipped.startswith("2024-03") or order["remark"].strip() == "returned":
        continue
    price = next(v for v in reversed(values) if isinstance(v, (int, float)))
    rate = rates[max(day for day in rates if day <= shipped)]
    revenue += int(order["qty"]) * price * (0.7 if discontinued else 1) / rate
submit_final_answer(f"{revenue:.2f}")
