# A record of motions: carried by two votes more, proposed by members who came to three meetings.
parts = read_document_parts(path)
attendance, votes = [part["rows"] for part in parts if part["kind"] == "table"]
present = {row[0]: row.count("present") for row in attendance}
swapped = [part["text"] for part in parts if "wrong way round" in part.get("text", "")]
effective = []
for number, proposer, _, votes_for, votes_against, _ in votes[1:]:
    margin = int(votes_for) - int(votes_against)
    if any(f"motion {number} " in text for text in swapped):
        margin = -margin
    if margin >= 2 and present[proposer] >= 3:
        effective.append(int(number))
submit_final_answer(", ".join(map(str, sorted(effective))))
