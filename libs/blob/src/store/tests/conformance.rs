//! What every store does, whatever it keeps objects in.

use super::lab::Lab;
use super::*;

mod integrity;
mod reading;
mod writing;

/// Runs each of these on every kind of store.
macro_rules! on_every_store {
    ($($part:ident::$name:ident),* $(,)?) => {
        mod memory {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { $part::$name(&Lab::memory()).await; })*
        }
        on_every_lasting_store!($($part::$name),*);
    };
}

/// Runs each of these on the stores that outlive their process.
macro_rules! on_every_lasting_store {
    ($($part:ident::$name:ident),* $(,)?) => {
        mod folder {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { $part::$name(&Lab::folder()).await; })*
        }
        mod s3 {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs S3: scripts/servers run s3 -- cargo test -- --include-ignored"]
            async fn $name() { $part::$name(&Lab::s3()).await; })*
        }
    };
}

on_every_store![
    reading::what_is_put_is_got,
    reading::a_missing_object_is_named,
    reading::an_object_larger_than_allowed_is_not_read,
    reading::ranges_are_exact,
    reading::an_object_opens_as_a_file,
    reading::prefixes_cut_at_whole_names,
    reading::many_objects_are_listed_and_deleted,
    reading::a_matrix_comes_back,
    reading::a_store_that_works_says_so,
    writing::streams_of_any_size_are_written_and_hashed,
    writing::a_large_object_in_memory_is_written_in_parts,
    writing::a_failed_input_leaves_what_was_there,
    writing::two_attempts_of_one_job_do_not_meet,
    writing::writers_of_one_key_leave_one_whole_object,
    writing::parts_become_one_object,
    integrity::a_damaged_byte_is_found_and_named,
    integrity::what_replaces_an_object_is_checked_anew,
    integrity::checksums_come_and_go_with_their_object,
    integrity::an_object_from_before_there_were_checksums_is_read,
    integrity::damaged_checksums_are_no_excuse,
];

mod unfinished {
    use super::*;

    on_every_lasting_store![
        writing::a_dropped_write_leaves_nothing,
        writing::what_a_killed_process_leaves_is_invisible_and_swept,
    ];
}
