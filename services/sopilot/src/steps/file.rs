//! The YAML document and its way onto the wire.

use sopilot_chassis::Reason;
use sopilot_proto::{scoring::v1 as wire, timestamp::from_seconds};

use super::SCHEMA;
use crate::{
    error::Result,
    exit::Exit,
    yaml::{Found, Kind, Node, Read, Scalar, seconds_of, shape},
};

/// How mistakes in a list of steps are told.
pub(super) const KIND: Kind = Kind {
    name: "list of steps",
    exit: Exit::STEP_LIST,
    reason: Some(Reason::StepListInvalid),
    // 200 steps with long descriptions need a tenth.
    max_bytes: 4 << 20,
    advice: "`sopilot score --help` shows a whole list of steps",
};

/// Reads the document. What is wrong with its shape is then among `found`; only what is no YAML at
/// all is an error.
pub(super) fn read(text: &str, file: &str, found: &mut Found<'_>) -> Result<Node> {
    let document = Node::read(&KIND, file, text)?;
    let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    shape::check(&schema, &document, "the file", found);
    Ok(document)
}

/// A step, and the index of the step that it is a part of.
pub(super) type Listed<'a> = (&'a Node, Option<u32>);

/// Every step of a document, followed by its parts, with its parent.
pub(super) fn listed(document: &Node) -> Vec<Listed<'_>> {
    fn list<'a>(of: &'a Node, parent: Option<u32>, listed: &mut Vec<Listed<'a>>) {
        for step in of.field("steps").map_or(&[][..], Node::entries) {
            let index = listed.len() as u32;
            listed.push((step, parent));
            list(step, Some(index), listed);
        }
    }
    let mut all = Vec::new();
    list(document, None, &mut all);
    all
}

/// The pairs of steps of which the first must come first. Pairs without two names are left out,
/// also on the wire.
pub(super) fn precedences(document: &Node) -> impl Iterator<Item = (&Node, [&str; 2])> {
    let pairs = document.field("precedences").map_or(&[][..], Node::entries);
    pairs.iter().filter_map(|pair| match pair.entries() {
        [before, after] => Some((pair, [before.text()?, after.text()?])),
        _ => None,
    })
}

/// The procedure for the wire. What the document gets wrong in its values is then among `found`,
/// and something harmless stands in its place.
pub(super) fn procedure(document: &Node, found: &mut Found<'_>) -> wire::Procedure {
    let listed = listed(document);
    let steps = listed.iter().map(|(node, parent)| wire::Step {
        parent: *parent,
        ..step(node, found)
    });
    let steps: Vec<_> = steps.collect();
    wire::Procedure {
        order_policy: order(document).into(),
        precedences: by_index(document, &steps, found),
        thresholds: (document.field("thresholds")).map(|given| wire::Thresholds {
            pass_score: number(given, "pass"),
            fail_score: number(given, "fail"),
            over_time_ratio: number(given, "over_time"),
            under_time_ratio: number(given, "under_time"),
            min_confidence: number(given, "min_confidence"),
        }),
        retention: (document.field("retention"))
            .and_then(|given| retention(given, found))
            .map(from_seconds),
        steps,
    }
}

/// The seconds of `12h`, `90d` or `2y`. Whether that is too short or too long is for the contract
/// to say.
fn retention(node: &Node, found: &mut Found<'_>) -> Option<i64> {
    let text = node.text()?;
    let unit = |suffix: char| match suffix {
        'h' => Some(3600),
        'd' => Some(24 * 3600),
        'y' => Some(365 * 24 * 3600),
        _ => None,
    };
    let seconds = text.chars().next_back().and_then(|suffix| {
        let count = &text[..text.len() - suffix.len_utf8()];
        let is_count = !count.is_empty() && count.bytes().all(|digit| digit.is_ascii_digit());
        let unit = unit(suffix).filter(|_| is_count)?;
        // More than can be counted is too long in any case.
        Some(count.parse().unwrap_or(i64::MAX).saturating_mul(unit))
    });
    if seconds.is_none() {
        let message = format!(
            "\"{text}\" is not a time to keep videos for: write hours such as 12h, days such as 90d or years such as 2y"
        );
        found.add(node.place, message);
    }
    seconds
}

fn order(document: &Node) -> wire::OrderPolicy {
    match document.field("order").and_then(Node::text) {
        None | Some("sequential") => wire::OrderPolicy::Sequential,
        // Of a word that is neither, nothing can be said but that.
        Some(_) => wire::OrderPolicy::Partial,
    }
}

fn by_index(document: &Node, steps: &[wire::Step], found: &mut Found<'_>) -> Vec<wire::Precedence> {
    let all_named = steps.iter().all(|step| !step.name.is_empty());
    let mut pairs = Vec::new();
    for (pair, names) in precedences(document) {
        let index = |name: &str| steps.iter().position(|step| step.name == name);
        if let [Some(before), Some(after)] = names.map(index) {
            pairs.push(wire::Precedence {
                before: before as u32,
                after: after as u32,
            });
            continue;
        }
        for name in names.into_iter().filter(|name| index(name).is_none()) {
            // It may be the name of the step that has none.
            if all_named {
                let message =
                    format!("there is no step called \"{name}\": write the name as in `steps`");
                found.add(pair.place, message);
            }
        }
    }
    pairs
}

fn step(node: &Node, found: &mut Found<'_>) -> wire::Step {
    let text = |field| node.field(field).and_then(Node::text).unwrap_or_default();
    let flag = |field| {
        let scalar = node.field(field).and_then(Node::scalar);
        scalar.and_then(Scalar::flag).unwrap_or_default()
    };
    let name = text("name");
    let subject = match name {
        "" => "this step".to_owned(),
        name => format!("step \"{name}\""),
    };
    for (one, other, has, lacks) in [
        ("start", "end", "a start", "no end"),
        ("end", "start", "an end", "no start"),
    ] {
        if node.field(one).is_some() && node.field(other).is_none() {
            let message = format!("{subject} has {has} and {lacks}: add `{other}`");
            found.add(node.place, message);
        }
    }
    let gold_time = range(node, "start", "end", found);
    let duration = (node.field("duration")).and_then(|node| range(node, "min", "max", found));
    wire::Step {
        name: name.to_owned(),
        description: text("description").to_owned(),
        gold_time: gold_time.map(|(start_seconds, end_seconds)| wire::TimeRange {
            start_seconds,
            end_seconds,
        }),
        critical: flag("critical"),
        optional: flag("optional"),
        weight: number(node, "weight"),
        duration: duration.map(|(min_seconds, max_seconds)| wire::DurationRange {
            min_seconds,
            max_seconds,
        }),
        parent: None,
    }
}

/// Two times, if both are given and are times.
fn range(node: &Node, from: &str, to: &str, found: &mut Found<'_>) -> Option<(f64, f64)> {
    let mut time = |field| {
        let given = node.field(field)?;
        let scalar = given.scalar()?;
        match scalar.read {
            Read::Number(seconds) => Some(seconds),
            Read::Text | Read::Flag(_) => seconds_of(&scalar.text, given.place, found),
        }
    };
    let (from, to) = (time(from), time(to));
    from.zip(to)
}

fn number(node: &Node, field: &str) -> Option<f64> {
    node.field(field)?.scalar()?.number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_their_step_with_its_index() {
        let text = "steps:\n  - name: Open\n  - name: Fill\n    steps:\n      - name: Pour\n        steps: [{name: Tilt}, {name: Stop}]\n      - name: Wait\n  - name: Close\n";
        let mut found = Found::new(&KIND, "f");
        let document = read(text, "f", &mut found).unwrap();
        assert_eq!(listed(&document)[3].0.place, (6, 17));
        let procedure = procedure(&document, &mut found);
        assert!(found.is_empty());
        let listed: Vec<(&str, Option<u32>)> = (procedure.steps.iter())
            .map(|step| (step.name.as_str(), step.parent))
            .collect();
        let expected = [
            ("Open", None),
            ("Fill", None),
            ("Pour", Some(1)),
            ("Tilt", Some(2)),
            ("Stop", Some(2)),
            ("Wait", Some(1)),
            ("Close", None),
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn videos_are_kept_for_hours_days_or_years() {
        let kept = |text: &str| {
            let mut found = Found::new(&KIND, "f");
            let text = format!("steps: []\nretention: {text}\n");
            let document = read(&text, "f", &mut found).unwrap();
            let procedure = procedure(&document, &mut found);
            let seconds = procedure.retention.map(|time| time.seconds);
            seconds.filter(|_| found.is_empty())
        };
        assert_eq!(kept("12h"), Some(12 * 3600));
        assert_eq!(kept("90d"), Some(90 * 24 * 3600));
        assert_eq!(kept("2y"), Some(730 * 24 * 3600));
        assert_eq!(kept("99999999999999999999d"), Some(i64::MAX));
        for wrong in ["90", "d", "-1d", "+1d", "1.5d", "90 d", "90m", "soon", "日"] {
            assert_eq!(kept(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_document_may_leave_out_everything_but_the_steps() {
        let mut found = Found::new(&KIND, "f");
        let text = "steps:\n  - name: Open\n  - name: Close\n";
        let document = read(text, "f", &mut found).unwrap();
        let procedure = procedure(&document, &mut found);
        assert!(found.is_empty());
        assert_eq!(procedure.steps.len(), 2);
        assert_eq!(procedure.steps[1].gold_time, None);
        assert_eq!(procedure.thresholds, None);
    }
}
