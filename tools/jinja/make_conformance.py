"""Make tests/text/golden/jinja.json: small templates and what jinja2 makes of them.

    python3 tools/jinja/make_conformance.py

Each row is [template, result] or [template, null] where the reference fails, over one set of
variables that stands first. Needs the packages of tools/jinja/requirements.txt.
"""
import json
import pathlib
import re

from reference import environment, render
import snippets_more
import snippets_more
from snippets import SNIPPETS, VARIABLES

OUT = pathlib.Path(__file__).parents[2] / "tests/text/golden/jinja.json"


def main():
    env, rows, seen = environment(), [], set()
    for source in SNIPPETS + snippets_more.SNIPPETS:
        assert source not in seen, source
        seen.add(source)
        kind, text = render(env, source, json.loads(json.dumps(VARIABLES)))
        if re.search(" at 0x[0-9a-f]+>", text):
            kind = "failed"
        row = [source, text if kind == "text" else None]
        if kind == "raised":
            row.append(text)
        rows.append(row)
    lines = [json.dumps(VARIABLES, ensure_ascii=False)]
    lines += [json.dumps(row, ensure_ascii=False) for row in rows]
    OUT.write_text("[" + ",\n".join(lines) + "]\n")
    print(len(rows), "rows,", sum(r[1] is None for r in rows), "of them failures")


if __name__ == "__main__":
    main()
