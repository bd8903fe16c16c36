"""The answering side of ping pong: one function, and one text that it does not understand at first.

It says `hiccup` to show what happens to whatever an activity raises without declaring it: the call is made again, three
times in all, with pauses. Nothing of that is written here.
"""

import raftoral
from ping_pong import Pong


def answer(text: str) -> Pong:
    """An ordinary function: it is called in a thread, so it may block."""
    call = raftoral.activity()
    if text == "hiccup" and call.attempt == 1:
        raise ConnectionError("what did you say?")
    call.log.info("heard %s", text)
    return Pong(text=text, answered_by="ping_pong.py")
