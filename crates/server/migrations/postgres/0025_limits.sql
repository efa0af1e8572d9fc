-- How many bytes a job of an account may load, and since when that was said; nothing where nobody has.
ALTER TABLE accounts ADD COLUMN job_bytes BIGINT;
ALTER TABLE accounts ADD COLUMN job_limited BIGINT;
