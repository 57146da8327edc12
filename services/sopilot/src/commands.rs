//! What the program does, one file for each subject.

pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod dlq;
pub(crate) mod doctor;
pub(crate) mod download;
pub(crate) mod evaluate;
pub(crate) mod jobs;
mod new_folder;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod sop;
pub(crate) mod tasks;
pub(crate) mod upload;
pub(crate) mod videos;
pub(crate) mod watch_folder;
