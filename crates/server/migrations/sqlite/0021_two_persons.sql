-- Erases that two persons confirm, one after the other, and by whom each was.

ALTER TABLE orders ADD COLUMN needs_second INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN second TEXT;
ALTER TABLE erases ADD COLUMN confirmed_by TEXT;
