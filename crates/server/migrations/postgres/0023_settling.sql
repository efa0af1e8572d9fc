-- From when on a notice may be brought, in milliseconds: a hold that ends by itself within minutes is not told. 0 is at once.
ALTER TABLE outbox ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
