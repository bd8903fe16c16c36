"""All tests. The policy for imports, so that nobody has to think about it again:

- pytest runs with `--import-mode=importlib` and the checkout's root on the path; a test module is
  `tests.<folder>.<name>`, so two folders may hold files of the same name.
- This file is the only `__init__.py` under tests/ (it keeps another installed `tests` from hiding
  ours); folders need none.
- Shared code is imported by its full name: `from tests.house import laws`.
"""
