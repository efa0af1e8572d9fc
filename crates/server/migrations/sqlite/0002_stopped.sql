-- Why a job stands still that is not over; the rest of it is in the state. And the leases that may lapse.

ALTER TABLE jobs ADD COLUMN stopped TEXT;

CREATE INDEX leases_not_ended ON leases (until) WHERE NOT ended;
