-- What was in the bay when an order was given; nothing of an empty bay, and of a station of an earlier release.
ALTER TABLE orders ADD COLUMN stay BIGINT;
