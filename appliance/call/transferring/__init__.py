# SPDX-License-Identifier: GPL-2.0-only
"""An agent hands the caller on to a number, at once (blind) or after a word with whoever is there (consultation).

Both go one way. The talk ends, the caller is held and hears music, and the agent takes the caller's place: headquarters
is asked for them, they are treated, rung for and joined by the cells of every caller. To complete is to put the caller
back into that place, wherever it has come to by then; to reconnect is to give all of it up. A blind transfer completes
itself as soon as headquarters knows a way. No way, or nobody who answers: the agent has the caller back.
"""
