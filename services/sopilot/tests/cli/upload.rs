//! Uploads that break go on where they stopped.

use std::path::{Path, PathBuf};

use crate::{
    program::{Place, Server, eventually},
    proxy::Proxy,
};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 40 * MIB;

/// What may be sent besides the bytes of the file: frames and headers.
const OVERHEAD: u64 = MIB;

/// What may be sent twice after a break: what was under way, and what the server had not stored.
const LOST: u64 = 12 * MIB;

fn noise(folder: &Path) -> PathBuf {
    let words = (0..(SIZE / 4) as u32).map(|i| i.wrapping_mul(2_654_435_761).rotate_left(7));
    let path = folder.join("noise.mp4");
    std::fs::write(&path, words.flat_map(u32::to_be_bytes).collect::<Vec<_>>()).unwrap();
    path
}

fn arguments<'a>(file: &'a Path, server: &'a str) -> [&'a str; 10] {
    let file = file.to_str().unwrap();
    [
        "video", "upload", file, "--task", "t", "--role", "trainee", "--json", "--server", server,
    ]
}

#[test]
fn a_broken_connection_costs_little() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let file = noise(folder.path());
    let proxy = Proxy::start(server.address(), 20 * MIB);
    let video = Place::new().run(arguments(&file, proxy.address())).json();
    assert_eq!(video["sizeBytes"], SIZE.to_string());
    let sent = proxy.sent();
    assert!(sent > SIZE, "the connection was not broken: {sent}");
    assert!(
        sent < SIZE + LOST + OVERHEAD,
        "too much was sent again: {sent}"
    );
}

#[test]
fn a_killed_client_goes_on_when_it_is_called_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let file = noise(folder.path());
    let proxy = Proxy::start(server.address(), 24 * MIB);
    let place = Place::new();
    let mut client = place
        .command(arguments(&file, proxy.address()))
        .spawn()
        .unwrap();
    eventually("half is sent", || proxy.sent() >= 20 * MIB);
    client.kill().unwrap();
    client.wait().unwrap();
    let listed = ["video", "uploads", "--task", "t", "--json"];
    let listed = listed.into_iter().chain(["--server", server.address()]);
    let listed = place.run(listed).json();
    assert_eq!(listed["uploads"][0]["metadata"]["fileName"], "noise.mp4");

    let proxy = Proxy::start(server.address(), u64::MAX);
    let video = place.run(arguments(&file, proxy.address())).json();
    let sent = proxy.sent();
    assert!(
        sent < SIZE - 20 * MIB + LOST + OVERHEAD,
        "it began anew: {sent}"
    );
    assert_eq!(video["sizeBytes"], SIZE.to_string());
}

#[test]
fn an_upload_that_nobody_finishes_can_be_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let file = noise(folder.path());
    let proxy = Proxy::start(server.address(), 8 * MIB);
    let place = Place::new();
    let mut client = place
        .command(arguments(&file, proxy.address()))
        .spawn()
        .unwrap();
    eventually("something is sent", || proxy.sent() >= 4 * MIB);
    client.kill().unwrap();
    client.wait().unwrap();
    let uploads = || {
        let arguments = ["video", "uploads", "--json", "--server", server.address()];
        place.run(arguments).json()
    };
    let id = uploads()["uploads"][0]["id"].as_str().unwrap().to_owned();
    let abort = ["video", "abort", &id, "--server", server.address()];
    place.run(abort).expect(0);
    assert_eq!(uploads()["uploads"].as_array().map_or(0, Vec::len), 0);
    let again = place.run(abort).expect(45);
    assert!(
        again.stderr.contains("UPLOAD_NOT_FOUND"),
        "{}",
        again.stderr
    );
}
