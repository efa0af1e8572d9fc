-- The jobs at a station that are not on hold any more and have not gone on yet: it is told of them with its heartbeats.

CREATE INDEX jobs_going_on ON jobs (station) WHERE stopped IS NOT NULL AND held IS NULL;
CREATE INDEX jobs_held_for ON jobs (held, id) WHERE held IS NOT NULL;
