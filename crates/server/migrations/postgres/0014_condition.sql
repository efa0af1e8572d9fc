-- How a box looked when it came, and what stood on its seal.

ALTER TABLE parcels ADD COLUMN condition TEXT;
ALTER TABLE parcels ADD COLUMN seal TEXT;
