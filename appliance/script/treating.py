# SPDX-License-Identifier: GPL-2.0-only
"""Nodes that treat the caller, as the verbs of one treatment."""

from collections.abc import Iterable

from appliance.script.knowledge import Knowledge
from appliance.script.nodes import Collect, Menu, Node, Play, Ringing, Treatment, Voicemail, Wait
from appliance.script.speech import announcing
from appliance.wire import treatments


def answers(node: Treatment) -> bool:
    """Whether it answers whoever is not answered yet; to take digits or a message it has to."""
    return isinstance(node, Collect | Menu | Voicemail) or (isinstance(node, Play | Wait) and node.answer)


def joins(node: Treatment, follower: Node) -> bool:
    """Whether the next can be of one treatment with it: what is said is so only when it is its turn."""
    if not isinstance(follower, Treatment):
        return False
    return answers(node) == answers(follower) and not announcing.speaks(getattr(follower, "prompts", ()))


def follower(node: Treatment) -> str | None:
    """The node with which it can go out as one treatment; both fail as one then."""
    return node.next if isinstance(node, Play | Wait | Ringing) else None


def announced(name: str, prompts: Iterable[str], language: str, known: Knowledge) -> tuple[tuple[str, ...], bool]:
    """What is played of them at that node, with what is said among them, and whether that is all."""
    return announcing.announced(
        prompts,
        language,
        lambda text: known.value(name, known.expression(text), told=True),
        lambda why: known.witness.note(name, f"failed, {why}"),
    )


def verbs(node: Treatment, prompts: tuple[str, ...], *, secret: bool) -> tuple[treatments.Verb, ...]:
    """What it does; `secret` is what a `collect` takes."""
    match node:
        case Play():
            return (treatments.Play(prompts=prompts, barge=node.barge),)
        case Ringing():
            return (treatments.Ringing(seconds=node.seconds),)
        case Wait():
            return (treatments.Music(prompts=prompts, seconds=node.seconds),)
        case Collect():
            return (_collecting(node, prompts, secret=secret),)
        case Voicemail():
            return (treatments.Play(prompts), treatments.Play((node.beep,), barge=False), _recording(node))
    return (treatments.Collect(prompts=prompts, max_digits=1, first_digit_ms=node.first_digit_ms, terminators=""),)


def _recording(node: Voicemail) -> treatments.Voicemail:
    return treatments.Voicemail(node.mailbox, node.longest_s, node.silence_s, node.shortest_s, node.terminators)


def _collecting(node: Collect, prompts: tuple[str, ...], *, secret: bool) -> treatments.Collect:
    return treatments.Collect(
        prompts=prompts,
        max_digits=node.max_digits,
        first_digit_ms=node.first_digit_ms,
        inter_digit_ms=node.inter_digit_ms,
        terminators=node.terminators,
        tries=node.tries,
        secret=secret,
    )
