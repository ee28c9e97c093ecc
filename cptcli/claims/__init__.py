"""Claim files and charge exports -> service lines. Nothing is checked here, and nothing is written.

Start with `recognize.open_input(name)`: it tells the kind from the content. Then, by `input.kind`:

- `x12.Reader(input.stream, input.name)` for an 837P, `fhir.Reader(input.stream, input.name)` for FHIR. Iterating over
  one yields `lines.ServiceLine`; `reader.oddities` lists what was unusual, with segment or resource numbers.
- `tables.open_table(input)` for CSV, Excel and Parquet: its rows, each with the bytes to repeat. A `columns.Layout` (a
  column map, a preset or a guess) turns a row into service lines: `layout.bind(table.header).lines(row)`.
"""
