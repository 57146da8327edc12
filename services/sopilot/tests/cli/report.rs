//! Reports as pages and as PDF, and lists of steps from the command line.

use std::{fs, path::Path};

use crate::{
    program::{Place, Server},
    videos::{FORGOTTEN, VIDEOS},
};

/// The gold and a trainee of a hostile name, scored by a server; answers the score job.
fn scored(server: &Server, folder: &Path) -> String {
    let hostile = folder.join("<script>alert(1)\u{202e}\"'.mp4");
    fs::copy(&VIDEOS.forgetful, &hostile).unwrap();
    let upload = |file: &Path, role: &str, more: &[&str]| {
        let mut arguments = vec![
            "video",
            "upload",
            file.to_str().unwrap(),
            "--task",
            "<b>a&b",
        ];
        arguments.extend(["--role", role, "--wait", "--json"]);
        arguments.extend(more);
        let video = server.run(&arguments).json();
        video["id"].as_str().unwrap().to_owned()
    };
    let gold = upload(
        &VIDEOS.gold,
        "gold",
        &["--steps", VIDEOS.steps.to_str().unwrap()],
    );
    let trainee = upload(&hostile, "trainee", &["--operator", "p17"]);
    let submit = [
        "job",
        "submit",
        "--gold",
        &gold,
        "--trainee",
        &trainee,
        "--wait",
        "--json",
    ];
    let answer = server.run(&submit).json();
    answer["report"]["jobId"].as_str().unwrap().to_owned()
}

#[test]
fn a_score_becomes_a_page_a_pdf_and_a_part_of_an_overview() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let job = scored(&server, folder.path());
    let write = |name: &str, arguments: &[&str]| {
        let file = folder.path().join(name);
        let mut all = vec!["report"];
        all.extend(arguments);
        all.extend(["-o", file.to_str().unwrap()]);
        server.run(&all).expect(0);
        fs::read(&file).unwrap()
    };
    let page = String::from_utf8(write("report.html", &[&job])).unwrap();
    assert!(page.contains(FORGOTTEN) && page.contains("data:image/jpeg;base64,"));
    assert!(page.contains("Content-Security-Policy"));
    assert!(page.contains("&lt;script&gt;alert(1)"), "the name is shown");
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    let bare = write("bare.html", &[&job, "--no-pictures", "--language", "ja"]);
    let bare = String::from_utf8(bare).unwrap();
    assert!(bare.contains("lang=\"ja\"") && !bare.contains("data:image/jpeg"));
    assert!(write("report.pdf", &[&job]).starts_with(b"%PDF-"));
    let overview = String::from_utf8(write("task.html", &["--task", "<b>a&b"])).unwrap();
    assert!(overview.contains(FORGOTTEN));
    let history = write("p17.html", &["--task", "<b>a&b", "--trainee", "p17"]);
    assert!(String::from_utf8(history).unwrap().contains("p17"));
    let nobody = [
        "report",
        "--task",
        "<b>a&b",
        "--trainee",
        "p99",
        "-o",
        "x.html",
    ];
    server.run(&nobody).expect(66);
    assert_eq!(server.stop(), 0);
}

#[test]
fn what_no_report_can_be_is_refused_before_any_work() {
    let place = Place::new();
    let job = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (arguments, code, told) in [
        (
            &[job, "-o", "report.docx"][..],
            2,
            "must end in .html or .pdf",
        ),
        (
            &[job, "-o", "/nowhere/r.html"],
            66,
            "there is no such folder",
        ),
        (
            &[job, "-o", "r.html", "--language", "tlh"],
            2,
            "there is en, ja",
        ),
        (&["-o", "r.html"], 2, "required"),
    ] {
        let ended = place.run([&["report"], arguments].concat()).expect(code);
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
}

#[test]
fn a_look_without_a_page_is_refused() {
    let place = Place::new();
    let (gold, trainee) = (&VIDEOS.gold, &VIDEOS.forgetful);
    for option in [&["--language", "ja"][..], &["--no-pictures"]] {
        let videos = [gold.to_str().unwrap(), trainee.to_str().unwrap()];
        let ended = place
            .run([&["score"], &videos[..], option].concat())
            .expect(2);
        assert!(
            ended.stderr.contains("add --report FILE"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_list_of_steps_is_proposed_checked_and_linted() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("steps.yaml");
    let gold = VIDEOS.gold.to_str().unwrap();
    let file = file.to_str().unwrap();
    place.run(["sop", "init", gold, "--file", file]).expect(0);
    let pictures = fs::read_dir(folder.path().join("steps.pictures"))
        .unwrap()
        .count();
    let proposed = fs::read_to_string(file).unwrap();
    assert!(pictures > 0);
    assert_eq!(proposed.matches("  - name: Step ").count(), pictures);
    place.run(["sop", "check", file]).expect(0);
    let again = place.run(["sop", "init", gold, "--file", file]).expect(2);
    assert!(again.stderr.contains("exists"), "{}", again.stderr);

    let lint = [
        "sop",
        "lint",
        VIDEOS.steps.to_str().unwrap(),
        gold,
        "--output",
        "json",
    ];
    assert!(place.run(lint).json()["findings"].is_array());
    // Two names for one moment, and a time beyond the video.
    fs::write(
        file,
        "steps:\n  - {name: a, start: 0, end: 5}\n  - {name: b, start: 4, end: 6}\n",
    )
    .unwrap();
    let wrong = place.run(["sop", "check", file]).expect(30);
    assert!(
        wrong.stderr.contains("steps.yaml:3:5: step 2 \"b\""),
        "{}",
        wrong.stderr
    );
    fs::write(file, "steps:\n  - {name: a, start: 9000, end: 9001}\n").unwrap();
    let beyond = place.run(["sop", "lint", file, gold]).expect(30);
    assert!(
        beyond.stderr.contains("outside the video"),
        "{}",
        beyond.stderr
    );
    let schema = place.run(["sop", "schema"]).json();
    assert_eq!(schema["type"], "object");
}

#[test]
fn the_doctor_says_what_is_there() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let arguments = ["doctor", "--output", "json", "--data-dir", data, "--server"];
    let told = place
        .run(arguments.into_iter().chain(["http://127.0.0.1:9"]))
        .json();
    let health = |what: &str| {
        let findings = told["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["what"] == what);
        finding.unwrap()["health"].clone()
    };
    assert_eq!(health("ffmpeg"), "ok");
    assert_eq!(health("Data folder"), "ok");
    assert_eq!(health("Server"), "lacking");
    let nowhere = [
        "doctor",
        "--data-dir",
        "/proc/sopilot",
        "--server",
        "http://127.0.0.1:9",
    ];
    let ended = place.run(nowhere).expect(78);
    assert!(
        ended.stdout.contains("BROKEN   Data folder"),
        "{}",
        ended.stdout
    );
}
