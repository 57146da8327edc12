//! Commands against `sopilot serve`.

use std::path::Path;

use serde_json::Value;

use crate::{
    program::{Place, Server},
    videos::VIDEOS,
};

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn upload(server: &Server, file: &Path, task: &str, role: &str) -> Value {
    let file = file.to_str().unwrap();
    server
        .run(&[
            "video", "upload", file, "--task", task, "--role", role, "--json",
        ])
        .json()
}

fn id(video: &Value) -> &str {
    video["id"].as_str().unwrap()
}

#[test]
fn unknown_ids_and_wrong_ones_have_their_codes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    for (code, reason, arguments) in [
        (42, "VIDEO_NOT_FOUND", &["video", "show", NOBODY][..]),
        (42, "VIDEO_NOT_FOUND", &["video", "delete", NOBODY]),
        (42, "VIDEO_NOT_FOUND", &["video", "download", NOBODY]),
        (
            42,
            "VIDEO_NOT_FOUND",
            &["job", "submit", "--gold", NOBODY, "--trainee", NOBODY],
        ),
        (43, "JOB_NOT_FOUND", &["job", "show", NOBODY]),
        (43, "JOB_NOT_FOUND", &["job", "watch", NOBODY]),
        (43, "JOB_NOT_FOUND", &["job", "cancel", NOBODY]),
        (43, "JOB_NOT_FOUND", &["result", "show", NOBODY]),
        (40, "TASK_NOT_FOUND", &["video", "list", "--task", "none"]),
        (40, "TASK_NOT_FOUND", &["task", "show", "none"]),
    ] {
        let ended = server.run(arguments).expect(code);
        let expected = format!("error[{reason}]: ");
        assert!(
            ended.stderr.starts_with(&expected),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    let commands = [
        ["video", "show"],
        ["video", "delete"],
        ["video", "download"],
        ["job", "watch"],
        ["result", "show"],
    ];
    for [noun, verb] in commands {
        let ended = server.run(&[noun, verb, "video-7"]).expect(2);
        assert!(
            ended.stderr.contains("expected a UUID such as"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_gold_of_another_task_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let gold = upload(&server, &VIDEOS.gold, "assembly", "gold");
    let trainee = upload(&server, &VIDEOS.forgetful, "packing", "trainee");
    let ended = server
        .run(&[
            "job",
            "submit",
            "--gold",
            id(&gold),
            "--trainee",
            id(&trainee),
        ])
        .expect(31);
    assert!(
        ended.stderr.starts_with("error[VIDEO_TASK_MISMATCH]: "),
        "{}",
        ended.stderr
    );
    let ended = server.run(&[
        "job",
        "submit",
        "--gold",
        id(&trainee),
        "--trainee",
        id(&trainee),
    ]);
    assert_eq!(ended.code, 32, "{}", ended.stderr);
}

#[test]
fn from_an_upload_to_a_review() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let (gold, steps) = (
        VIDEOS.gold.to_str().unwrap(),
        VIDEOS.steps.to_str().unwrap(),
    );
    let with_steps = [
        "video", "upload", gold, "--task", "assembly", "--role", "gold", "--steps", steps,
        "--wait", "--json",
    ];
    let gold = server.run(&with_steps).json();
    assert_eq!(gold["state"], "VIDEO_STATE_READY");
    assert_eq!(
        id(&server.run(&with_steps).json()),
        id(&gold),
        "the same file is the same video"
    );
    let trainee = upload(&server, &VIDEOS.forgetful, "assembly", "trainee");

    let submit = [
        "job",
        "submit",
        "--gold",
        id(&gold),
        "--trainee",
        id(&trainee),
        "--wait",
        "--json",
    ];
    let answer = server.run(&submit).json();
    let job_id = answer["report"]["jobId"].as_str().unwrap();
    assert_eq!(
        server.run(&["result", "show", job_id, "--json"]).json()["report"],
        answer["report"]
    );
    server.run(&["job", "watch", job_id]).expect(0);
    server.run(&["job", "cancel", job_id]).expect(55);
    assert!(
        server
            .run(&["result", "list", "--task", "assembly"])
            .expect(0)
            .stdout
            .contains(job_id)
    );

    reviewed(&server, job_id, &answer["report"]["verdict"]);

    let copy = folder.path().join("copy.mp4");
    let download = ["video", "download", id(&gold), "-o", copy.to_str().unwrap()];
    server.run(&download).expect(0);
    assert_eq!(
        std::fs::read(&copy).unwrap(),
        std::fs::read(&VIDEOS.gold).unwrap()
    );
    assert!(
        server
            .run(&download)
            .expect(2)
            .stderr
            .contains("exists already")
    );

    server.run(&["video", "delete", id(&gold)]).expect(52);
    server
        .run(&["video", "delete", id(&gold), "--force"])
        .expect(0);
    let videos = server.run(&["video", "list", "--json"]).json();
    assert_eq!(videos["videos"].as_array().unwrap().len(), 1);
    let listed = server.run(&["video", "list"]).expect(0);
    assert!(listed.stdout.contains("assembly"), "{}", listed.stdout);
    assert_ne!(
        id(&server.run(&with_steps).json()),
        id(&gold),
        "a deleted video is uploaded anew"
    );
    assert_eq!(server.stop(), 0);
}

/// A person overrules a verdict, and the list tells both.
fn reviewed(server: &Server, job_id: &str, made: &Value) {
    let review = [
        "result",
        "review",
        job_id,
        "--verdict",
        "not-comparable",
        "--overrule",
        "--by",
        "kim",
    ];
    server
        .run(&[&review[..], &["--reason", "the camera was covered"]].concat())
        .expect(0);
    let scores = server.run(&["result", "list", "--json"]).json();
    assert_eq!(
        scores["scores"][0]["effectiveVerdict"],
        "VERDICT_NOT_COMPARABLE"
    );
    assert_eq!(&scores["scores"][0]["verdict"], made);
    let yaml = server
        .run(&["result", "list", "--output", "yaml"])
        .expect(0);
    assert!(
        yaml.stdout.contains("\nscores:\n- createdAt: "),
        "{}",
        yaml.stdout
    );
    let wrong = [
        "result",
        "review",
        job_id,
        "--deviation",
        "99",
        "--confirm",
        "--by",
        "kim",
        "--reason",
        "x",
    ];
    server.run(&wrong).expect(56);
}

#[test]
fn a_wrong_configuration_is_told_whole() {
    let place = Place::new();
    let ended = place
        .run([
            "serve",
            "--set",
            "listen.host=0.0.0.0",
            "--set",
            "catalog.leas=1s",
            "--set",
            "x",
        ])
        .expect(78);
    for wrong in ["listen.host", "catalog.leas", "write key=value"] {
        assert!(ended.stderr.contains(wrong), "{}", ended.stderr);
    }
    let printed = place
        .run(["serve", "--print-config", "--set", "listen.catalog=8410"])
        .expect(0);
    assert!(
        printed.stdout.contains("catalog = 8410"),
        "{}",
        printed.stdout
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let data = format!("data_dir={}", folder.path().display());
    let port = format!("listen.alignment={}", taken.local_addr().unwrap().port());
    let mut arguments = vec!["serve", "--set", &data, "--set", &port];
    for free in ["listen.catalog=0", "listen.embedding=0", "listen.scoring=0"] {
        arguments.extend(["--set", free]);
    }
    let ended = place.run(arguments).expect(78);
    assert!(
        ended.stderr.contains("--set listen.alignment=PORT, or 0"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_server_that_is_not_there_says_what_to_do() {
    let ended = Place::new()
        .run(["video", "list", "--server", "http://127.0.0.1:9"])
        .expect(69);
    assert!(
        ended.stderr.contains("Start one with `sopilot serve`"),
        "{}",
        ended.stderr
    );
}
