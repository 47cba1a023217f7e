"A table of images as a notebook shows it."

import html


def as_html(
    table,  # an ImageTable
) -> str:  # HTML
    "Images and labels per split, the vocab, and the notes."
    esc = lambda o: html.escape(str(o))
    rows = "".join(
        f"<tr><td>{s}</td><td>{len(n)}</td><td>{n.mean():.2f}</td>"
        f"<td>{(n == 0).mean():.1%}</td></tr>"
        for s in table.splits
        for n in [table.rows(s)["labels"].map(len)]
    )
    notes = "".join(f"<li>{esc(o)}</li>" for o in table.notes)
    return (
        f"<p><b>{esc(table.name or table.root.name)}</b>: {len(table)} images, {len(table.vocab)}"
        " labels</p><table><thead><tr><th>split</th><th>images</th><th>labels per image</th>"
        f"<th>without a label</th></tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{esc(', '.join(table.vocab))}</p>" + (f"<ul>{notes}</ul>" if notes else "")
    )
