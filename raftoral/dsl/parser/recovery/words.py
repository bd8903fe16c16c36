"""The vocabulary of the recovery: which words begin what, what other languages call it, how names are written.

Tables and pure functions over single words. Knows no tokens and no places.
"""

from __future__ import annotations

from ..tokens import DECLARATIONS as DECLARATIONS, MEMBERS as MEMBERS, STATEMENTS as STATEMENTS

POLICIES = frozenset(["timeout", "deadline", "heartbeat", "grace", "key", "queue", "once", "retry"])
CLAUSES = frozenset(("catch", "finally", "else"))

# Words that may not name a variable: they begin a statement or stand inside of expressions and headers.
RESERVED = (
    STATEMENTS
    | CLAUSES
    | frozenset(
        [
            "in",
            "is",
            "not",
            "and",
            "or",
            "then",
            "true",
            "false",
            "none",
            "some",
            "as",
            "within",
            "compensate",
            "limit",
            "settle",
            "until",
            "with",
            "fn",
            "import",
            "after",
            "version",
            "timeout",
            "key",
        ]
    )
) - frozenset(("version", "timeout", "key"))
# Of these, what cannot even be read as a name where an expression is expected.
STARTERS = STATEMENTS | CLAUSES

# What other languages write -> what is written here. Each is a whole-word replacement.
HABITS = {
    "def": "fn",
    "func": "fn",
    "fun": "fn",
    "function": "fn",
    "proc": "fn",
    "class": "record",
    "struct": "record",
    "dataclass": "record",
    "interface": "record",
    "exception": "error",
    "except": "catch",
    "rescue": "catch",
    "raise": "fail",
    "throw": "fail",
    "await": "do",
    "yield": "give",
    "switch": "match",
    "when": "match",
    "foreach": "for",
    "import_": "import",
    "ensure": "finally",
    "print": "log",
    "println": "log",
    "logger": "log",
    "final": "const",
    "val": "let",
    "mut": "var",
}
HABIT_NOTES = {
    "fn": "a function is declared with `fn`, an effect with `activity`",
    "record": "a record holds data only: it has fields and no methods",
    "error": "errors are declared like records: `error OutOfStock { sku: str }`",
    "catch": "`try { ... } catch E as why { ... }`",
    "fail": "`fail` raises a declared error",
    "do": "`do` performs an activity and waits for it",
    "give": "`give` hands a value out of a `try`, a branch or a `parallel for`",
    "match": "`match x { pattern => ... }`",
    "log": 'a line in the log of the workflow: `log info "..."`',
}

# Types under the names that other languages give them.
TYPE_HABITS = {
    "string": "str",
    "text": "str",
    "char": "str",
    "integer": "int",
    "long": "int",
    "number": "decimal",
    "double": "float",
    "real": "float",
    "money": "decimal",
    "boolean": "bool",
    "datetime": "timestamp",
    "date": "timestamp",
    "time": "timestamp",
    "timedelta": "duration",
    "interval": "duration",
    "void": "unit",
    "guid": "uuid",
    "array": "list",
    "vec": "list",
    "dict": "map",
    "hashmap": "map",
    "blob": "bytes",
}
PRIMITIVES = frozenset(["str", "int", "float", "decimal", "bool", "bytes", "duration", "timestamp", "uuid", "unit"])
GENERICS = frozenset(("list", "map", "handle", "outcome"))


def camel(name: str) -> str:
    """`process_order` -> `ProcessOrder`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) or name


def snake(name: str) -> str:
    """`ProcessOrder`, `MAX_SIZE`, `HTTPCode` -> `process_order`, `max_size`, `http_code`."""
    if name.upper() == name:
        return name.lower()
    out: list[str] = []
    for index, char in enumerate(name):
        if char.isupper() and index and name[index - 1] != "_":
            after = name[index + 1 : index + 2]
            if not name[index - 1].isupper() or after.islower():
                out.append("_")
        out.append(char.lower())
    return "".join(out)


def shown(text: str) -> str:
    """A token's text for a message: at most some forty characters of one line."""
    flat = text.split("\n")[0]
    return flat if len(flat) <= 40 and flat == text else flat[:37] + "..."
