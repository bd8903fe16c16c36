"""Problems -> text. Pure: takes what the passes found, returns a string; prints nothing, opens
nothing.

    human    the full message with the lines it speaks of, for people
    short    one line a problem: path:line:col: error[RFT0103]: headline
    records  JSON, versioned, for programs        sarif    SARIF 2.1.0, for code scanning
    github   workflow commands, for annotations in a pull request

Each format is a module with `render(problems, ...) -> str` and is imported only when it is asked
for.
"""
