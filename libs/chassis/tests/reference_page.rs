//! `docs/errors.md` lists every reason as the code has it.

use std::{env, fs, path::Path};

const HEAD: &str = "\
# Errors

Every error that a SOPilot service answers is a `google.rpc.Status` with a
`google.rpc.ErrorInfo` whose domain is `sopilot` and whose `reason` is one of
the names below. Reasons are stable; messages are for people and may change.
Where a field of the request is wrong there is a `google.rpc.BadRequest` with
one violation per mistake, and where waiting helps a `google.rpc.RetryInfo`. A
job that failed carries the same reason in `Job.failure.reason`.

The command line prints the reason in brackets, `error[NOT_A_VIDEO]: …`, and
has an exit code for each kind; see [cli.md](cli.md).

This page is made from the code. After changing a reason run
`UPDATE_DOCS=1 cargo test -p sopilot-chassis --test reference_page`.

";

#[test]
fn every_reason_is_documented() {
    let page = format!("{HEAD}{}", sopilot_chassis::error::reference_table());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/errors.md is not what the code says: run UPDATE_DOCS=1 cargo test -p sopilot-chassis --test reference_page"
    );
}
