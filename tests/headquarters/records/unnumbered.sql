-- SPDX-License-Identifier: GPL-2.0-only
-- The record's tables as SQLite had them before their versions were numbered, from sqlite_master.
CREATE TABLE event (
    place INTEGER NOT NULL,
    box VARCHAR NOT NULL,
    process VARCHAR NOT NULL,
    incarnation VARCHAR NOT NULL,
    seq BIGINT NOT NULL,
    contact VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    at_ns BIGINT NOT NULL,
    mono_ns BIGINT NOT NULL,
    stored_ns BIGINT NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (place),
    CONSTRAINT event_once UNIQUE (box, process, incarnation, seq)
);
CREATE INDEX ix_event_contact ON event (contact);
CREATE TABLE contact (
    contact VARCHAR NOT NULL,
    box VARCHAR NOT NULL,
    began_ns BIGINT,
    ended_ns BIGINT,
    channel VARCHAR,
    dnis VARCHAR,
    clid VARCHAR,
    ani VARCHAR,
    ced VARCHAR,
    stage VARCHAR,
    stage_ns BIGINT,
    call_type VARCHAR,
    agent VARCHAR,
    queued_ns BIGINT,
    talk_ns BIGINT,
    talk_samples BIGINT,
    cause INTEGER,
    "by" VARCHAR,
    PRIMARY KEY (contact)
);
CREATE INDEX contact_open ON contact (ended_ns, began_ns);
CREATE INDEX ix_contact_began_ns ON contact (began_ns);
CREATE TABLE leg (
    leg VARCHAR NOT NULL,
    contact VARCHAR NOT NULL,
    direction VARCHAR,
    channel VARCHAR,
    "to" VARCHAR,
    agent VARCHAR,
    began_ns BIGINT,
    connected_ns BIGINT,
    connected_sample BIGINT,
    ended_ns BIGINT,
    ended_sample BIGINT,
    cause INTEGER,
    "by" VARCHAR,
    PRIMARY KEY (leg)
);
CREATE INDEX ix_leg_contact ON leg (contact);
CREATE INDEX ix_leg_ended_ns ON leg (ended_ns);
CREATE TABLE decision (
    place INTEGER NOT NULL,
    contact VARCHAR NOT NULL,
    at_ns BIGINT NOT NULL,
    "by" VARCHAR NOT NULL,
    latency_ms FLOAT NOT NULL,
    outcome VARCHAR NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    call_type VARCHAR NOT NULL,
    script VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    path TEXT NOT NULL,
    compared TEXT NOT NULL,
    PRIMARY KEY (place)
);
CREATE INDEX ix_decision_contact ON decision (contact);
CREATE TABLE recording (
    recording VARCHAR NOT NULL,
    contact VARCHAR,
    samples BIGINT,
    octets BIGINT,
    sha256 VARCHAR,
    lost_samples BIGINT,
    failure TEXT,
    here BOOLEAN,
    PRIMARY KEY (recording)
);
CREATE INDEX ix_recording_contact ON recording (contact);
