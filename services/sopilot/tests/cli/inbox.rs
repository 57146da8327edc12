//! `sopilot watch`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    program::{Place, Server},
    videos::VIDEOS,
};

fn receipt(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_arrives_is_ingested_once_and_put_away_with_a_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let inbox = folder.path().join("inbox");
    let arrive = |from: &Path, place: &str| {
        let path = inbox.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(from, path).unwrap();
    };
    let watch = ["watch", inbox.to_str().unwrap(), "--once", "--settle", "0"];
    arrive(&VIDEOS.gold, "assembly/gold/monday.mp4");
    arrive(&VIDEOS.steps, "assembly/trainee/notes.mp4");
    arrive(&VIDEOS.gold, "assembly/lost.mp4");
    let ended = server.run(&watch).expect(0);
    assert!(
        ended
            .stderr
            .contains("lost.mp4: is no file at DIR/TASK/ROLE/NAME"),
        "{}",
        ended.stderr
    );
    let done = inbox.join("processed/assembly/gold");
    let video = receipt(&done.join("monday.mp4.json"))["video"].clone();
    assert_eq!(video["state"], "VIDEO_STATE_READY");
    assert_eq!(
        fs::read(done.join("monday.mp4")).unwrap(),
        fs::read(&VIDEOS.gold).unwrap()
    );
    let failed = inbox.join("failed/assembly/trainee");
    assert_eq!(
        receipt(&failed.join("notes.mp4.json"))["reason"],
        "NOT_A_VIDEO"
    );
    assert!(failed.join("notes.mp4").is_file());

    // As after a crash between ingesting and moving: the same file is there again.
    arrive(&VIDEOS.gold, "assembly/gold/monday.mp4");
    server.run(&watch).expect(0);
    assert_eq!(
        receipt(&done.join("monday-2.mp4.json"))["video"]["id"],
        video["id"]
    );
    let listed = server
        .run(&["video", "list", "--role", "gold", "--json"])
        .json();
    assert_eq!(listed["videos"].as_array().unwrap().len(), 1);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let ended = Place::new().run(["watch", "/nowhere/inbox"]).expect(66);
    assert!(
        ended
            .stderr
            .contains("/nowhere/inbox: there is no such folder"),
        "{}",
        ended.stderr
    );
}
