# Slides whose notes name granite while the slide does not.
def names_granite(*texts):
    return any("granite" in text.lower() for text in texts)


count = 0
for slide in read_slides(path):
    cells = [cell for table in slide["tables"] for row in table for cell in row]
    if not slide["hidden"] and names_granite(slide["notes"]):
        count += not names_granite(slide["title"], *slide["text"], *cells)
submit_final_answer(count)
