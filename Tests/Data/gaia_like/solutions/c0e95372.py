# Staff below one manager without reports of their own who hold a valid certificate.
staff = [person for department in read_json(path)["departments"] for person in department["staff"]]
reports = {}
for person in staff:
    reports.setdefault(person.get("reports_to"), []).append(person)
(manager,) = [person["id"] for person in staff if person["name"] == "Marta Lindqvist"]
waiting, count = [manager], 0
while waiting:
    for person in reports.get(waiting.pop(), []):
        waiting.append(person["id"])
        holds = any(
            one["type"] == "welding" and one["valid_until"] >= "2024-06-30" for one in person["certificates"]
        )
        count += holds and person["id"] not in reports
submit_final_answer(count)
