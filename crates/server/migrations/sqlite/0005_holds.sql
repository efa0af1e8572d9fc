-- What a job is on hold for that somebody can mend, and since when; the rest of it is in the state.

ALTER TABLE jobs ADD COLUMN held TEXT;
ALTER TABLE jobs ADD COLUMN held_since INTEGER;

UPDATE jobs
SET held = stopped, held_since = CAST(strftime('%s', json_extract(state, '$.stopped.at')) AS INTEGER)
WHERE stopped IN ('BucketMissing', 'BucketRights', 'StoreRefuses', 'StoreFull', 'ManifestFault', 'PasswordNeeded',
                  'SignatureMissing', 'SignatureWrong', 'FileSystemUnsupported', 'CapacityWrong', 'DeviceNotEmpty',
                  'DeviceTooSmall', 'DiskGone', 'DiskFailing');

CREATE INDEX jobs_on_hold ON jobs (held_since, seq) WHERE held IS NOT NULL;
