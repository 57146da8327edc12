//! Job queues: a doorbell for work that waits in the catalog.
