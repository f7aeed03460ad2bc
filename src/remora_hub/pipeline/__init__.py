"""From paths to committed records: parse lanes, the change queue and its workers, the cold start."""
