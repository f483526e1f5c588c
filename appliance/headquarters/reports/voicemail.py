# SPDX-License-Identifier: GPL-2.0-only
"""Messages of callers as the record has them, and what is marked on them: heard or new, or deleted."""

from sqlalchemy import Connection, Engine, func, or_, select, update

from appliance.headquarters.reports import schema
from appliance.headquarters.reports.reading import Row
from appliance.wire.voicemail import Mark

_message, _sound, _contact = schema.voicemail.c, schema.recording.c, schema.contact.c
DELETED = "the message has been deleted"


def messages(engine: Engine, mailbox: str = "", limit: int = 500) -> list[Row]:
    """Of a mailbox, or of all, newest first. `here`: the sound is; else it is on its way, or there is a `failure`."""
    query = (
        select(schema.voicemail, _contact.clid, _sound.samples, _sound.here, _sound.failure)
        .join(schema.recording, _sound.recording == _message.recording)
        .outerjoin(schema.contact, _contact.contact == _message.contact)
        .where(_message.mailbox.is_not(None), _message.deleted_ns.is_(None))
        .where(or_(_sound.samples > 0, _sound.failure.is_not(None)))
        .where(or_(_message.kept.is_(None), _message.kept.is_(True)))
        .order_by(_message.at_ns.desc())
        .limit(limit)
    )
    if mailbox:
        query = query.where(_message.mailbox == mailbox)
    with engine.connect() as store:
        return [dict(row) for row in store.execute(query).mappings()]


def mailboxes(engine: Engine) -> set[str]:
    """That anybody has left a message in."""
    with engine.connect() as store:
        return set(store.execute(select(_message.mailbox).where(_message.mailbox.is_not(None)).distinct()).scalars())


def mark(store: Connection, recording: str, wanted: Mark, at_ns: int) -> bool:
    """Whether there is such a message, to be deleted with its sound. Marked twice it stays as it was first."""
    change = update(schema.voicemail).where(_message.recording == recording, _message.mailbox.is_not(None))
    change = change.where(_message.deleted_ns.is_(None))
    if wanted is Mark.DELETED:  # what is still on its way would come back
        change = change.where(_message.recording.in_(select(_sound.recording).where(_sound.here.is_(True))))
    match wanted:
        case Mark.HEARD:
            change = change.values(heard_ns=func.coalesce(_message.heard_ns, at_ns))
        case Mark.NEW:
            change = change.values(heard_ns=None)
        case Mark.DELETED:
            change = change.values(deleted_ns=at_ns)
    found = store.execute(change).rowcount > 0
    if found and wanted is Mark.DELETED:
        gone = update(schema.recording).where(_sound.recording == recording)
        store.execute(gone.values(here=False, failure=DELETED))
    return found
