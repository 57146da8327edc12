//! Object storage, keys, and embedding matrices at rest.
