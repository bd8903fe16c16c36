"""The language: text in, problems and (later) Python text out.

Opens no file, reads no clock, knows nothing of the runtime. Callers hand in text and templates; so
an editor, a browser, a test and the command line all come through the same doors. `ARCHITECTURE.md`
has the map.
"""
