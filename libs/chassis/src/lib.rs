//! What every service needs: configuration, deadlines, health, errors, logs, start and stop.
