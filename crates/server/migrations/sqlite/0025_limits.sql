-- How many bytes a job of an account may load, and since when that was said; nothing where nobody has.
ALTER TABLE accounts ADD COLUMN job_bytes INTEGER;
ALTER TABLE accounts ADD COLUMN job_limited INTEGER;
