-- How long a provider's model takes, learned from what it has done: of the logarithms of the time that a recording took,
-- as a share of its length and a little more (storage/speeds.py), the mean and the variance.
CREATE TABLE speeds (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    jobs BIGINT NOT NULL,
    mean DOUBLE PRECISION NOT NULL,
    variance DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (provider, model)
);
