//! The built program on real videos, as people and scripts use it.

mod bad_input;
mod local;
mod program;
mod proxy;
mod server;
mod upload;
mod videos;
