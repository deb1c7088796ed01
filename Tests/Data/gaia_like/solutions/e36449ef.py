# Recipes: the cooking time of those by members of one club.
import re

nodes = {node["@id"]: node for node in read_json_ld(path)}
(club,) = [name for name, node in nodes.items() if "Hillside Cooking Club" in node.get("name", [])]
members = {name for name, node in nodes.items() if {"@id": club} in node.get("memberOf", [])}


def minutes(text):
    days, hours, mins, seconds = re.fullmatch(
        r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text
    ).groups(default="0")
    return (int(days) * 24 + int(hours)) * 60 + int(mins) + int(seconds) / 60


total = sum(
    minutes(node["cookTime"][0])
    for node in nodes.values()
    if "Recipe" in node["@type"] and node.get("cookTime")
    and any(author["@id"] in members for author in node.get("author", []))
)
submit_final_answer(f"{total:g}")
