-- What happened on a day is found by time.
CREATE INDEX history_by_time ON history (at, seq);
CREATE INDEX parcels_by_time ON parcels (at);
