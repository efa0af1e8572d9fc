-- Customers at the console: a link or a session of an access key is its account's, as long as the key is good.

ALTER TABLE console_links ADD COLUMN access_key TEXT COLLATE "C";
ALTER TABLE console_sessions ADD COLUMN access_key TEXT COLLATE "C";
