# Loans of a library: the share of students' loans that were kept for more than three weeks.
from datetime import datetime


def day(text):
    return datetime.strptime(text.strip(), "%d/%m/%Y" if "/" in text else "%Y-%m-%d")


loans = {row["loan_id"].strip(): row for row in read_csv_rows(path)}
kept = [
    (day(loan["back_date"]) - day(loan["out_date"])).days
    for loan in loans.values()
    if loan["member_type"].strip().lower() == "student" and loan["back_date"].strip()
]
submit_final_answer(f"{100 * sum(days > 21 for days in kept) / len(kept):.1f}")
