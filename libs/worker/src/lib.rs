//! The loop of every worker: hear the bell, claim, heartbeat, complete.
