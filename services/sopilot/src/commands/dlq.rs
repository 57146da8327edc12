//! `sopilot dlq`: messages that no worker could handle.

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use sopilot_bus::{
    Bus, BusError, DeadLetter, DeadLetterAction, DeadLetterReason, JobQueue, Queue, RabbitMqBus,
    RabbitMqConfig,
};
use sopilot_chassis::Reason;
use sopilot_worker::bell_of;

use crate::{
    error::{Error, Result},
    interrupt::Interrupt,
    output::{self, Output},
    table::{Align, Column, table},
    text::{counted, safe},
};

/// Dead letters of the broker: look at them, send them back, delete them
///
/// A message goes to the dead letters if it cannot be decoded, or came back from workers again and
/// again. The job it rang for is not lost: the catalog rings again by itself.
#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    List(ListArgs),
    Return(ReturnArgs),
    Delete(DeleteArgs),
}

/// List dead letters, oldest first; removes none
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot dlq list --broker amqp://user:password@rabbitmq:5672/%2f
  sopilot dlq list --queue align --json
")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    broker: Broker,
    /// At most this many of each queue
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    output: Output,
}

/// Send dead letters back to their queue, oldest first
///
/// Those that no worker of the queue could decode stay and are named: they would only come back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot dlq return --queue align
  sopilot dlq return --limit 1
")]
pub(crate) struct ReturnArgs {
    #[command(flatten)]
    broker: Broker,
    #[command(flatten)]
    selection: Selection,
}

/// Delete dead letters for good, oldest first
///
/// Says which. The jobs they rang for are not lost: the catalog rings again.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("which").required(true).multiple(false)),
    after_help = "\
Examples:
  sopilot dlq delete --message 0197b0e0-7d7e-7000-8000-000000000000
  sopilot dlq delete --undecodable
  sopilot dlq delete --all --queue align
"
)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    broker: Broker,
    #[command(flatten)]
    selection: Selection,
    /// Those that no worker could decode
    #[arg(long, group = "which")]
    undecodable: bool,
    /// Every one
    #[arg(long, group = "which")]
    all: bool,
}

/// Which dead letters of a queue.
#[derive(Debug, Default, Args)]
struct Selection {
    /// The message of this id, as `dlq list` shows it; several times for several
    #[arg(long = "message", value_name = "ID", group = "which")]
    messages: Vec<String>,
    /// At most this many of each queue
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

/// Which queues of which broker.
#[derive(Debug, Args)]
struct Broker {
    /// Address of the broker
    #[arg(
        long = "broker",
        env = "SOPILOT_BUS__URL",
        value_name = "URL",
        hide_env_values = true,
        default_value = "amqp://guest:guest@127.0.0.1:5672/%2f"
    )]
    url: String,
    /// Certificates (PEM) of the authorities that may vouch for the broker
    #[arg(long, env = "SOPILOT_BUS__CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// What stands before the queues' names
    #[arg(long, env = "SOPILOT_BUS__PREFIX", value_name = "PREFIX")]
    prefix: Option<String>,
    /// One queue alone
    #[arg(long, value_enum)]
    queue: Option<Stage>,
}

/// What stands where a job would.
const UNDECODABLE: &str = "cannot be decoded";

/// A queue, by the stage of the jobs that it rings for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    Embed,
    Prepare,
    Align,
    Score,
}

impl From<Stage> for JobQueue {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Embed => Self::Embed,
            Stage::Prepare => Self::Prepare,
            Stage::Align => Self::Align,
            Stage::Score => Self::Score,
        }
    }
}

impl Broker {
    fn connect(&self) -> Result<RabbitMqBus> {
        // Programs that speak TLS with the broker choose the cryptography.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RabbitMqConfig {
            ca_file: self.ca_file.clone(),
            prefix: self.prefix.clone(),
            connection_name: "sopilot dlq".to_owned(),
            ..RabbitMqConfig::new(self.url.clone())
        };
        RabbitMqBus::new(config).map_err(|error| broker_error(&error))
    }

    fn queues(&self) -> Vec<Queue> {
        match self.queue {
            Some(stage) => vec![Queue::new(stage.into())],
            None => JobQueue::ALL.map(Queue::new).into(),
        }
    }
}

/// Runs `sopilot dlq`.
pub(crate) async fn run(command: &DlqCommand) -> Result<()> {
    let interrupt = Interrupt::new()?;
    match command {
        DlqCommand::List(args) => {
            let bus = args.broker.connect()?;
            let found = interrupt.guard(list(&bus, args)).await;
            bus.close().await;
            print(&found?, &args.output)
        }
        DlqCommand::Return(args) => {
            let bus = args.broker.connect()?;
            let queues = args.broker.queues();
            let sorted = interrupt.guard(send_back(&bus, &queues, &args.selection));
            let sorted = sorted.await;
            bus.close().await;
            output::text(&told_of_return(&sorted?))
        }
        DlqCommand::Delete(args) => {
            let bus = args.broker.connect()?;
            let queues = args.broker.queues();
            let selection = &args.selection;
            let deleted = interrupt.guard(delete(&bus, &queues, selection, args.undecodable));
            let deleted = deleted.await;
            bus.close().await;
            output::text(&told_of_deletion(&deleted?))
        }
    }
}

/// The dead letters of a queue.
struct Found {
    queue: Queue,
    held: u64,
    letters: Vec<DeadLetter>,
}

async fn list(bus: &RabbitMqBus, args: &ListArgs) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for queue in args.broker.queues() {
        let dead = bus.dead_letters(&queue, args.limit).await;
        let dead = dead.map_err(|error| broker_error(&error))?;
        found.push(Found {
            queue,
            held: dead.held,
            letters: dead.letters,
        });
    }
    Ok(found)
}

/// A letter that was handled, as it is told.
fn told(queue: &Queue, letter: &DeadLetter) -> String {
    let what = job_of(queue, letter).map_or_else(
        || UNDECODABLE.to_owned(),
        |job| format!("job {}", safe(&job)),
    );
    format!("{queue} {}: {what}", safe(&letter.message.message_id))
}

/// What became of the letters that were to be sent back.
#[derive(Debug, Default)]
struct Sorted {
    returned: usize,
    /// Those that stay.
    refused: Vec<String>,
}

async fn send_back(bus: &dyn Bus, queues: &[Queue], selection: &Selection) -> Result<Sorted> {
    let mut sorted = Sorted::default();
    handle(bus, queues, selection, |queue, letter| {
        if is_decodable(queue, letter) {
            sorted.returned += 1;
            return DeadLetterAction::Return;
        }
        sorted.refused.push(told(queue, letter));
        DeadLetterAction::Keep
    })
    .await?;
    Ok(sorted)
}

async fn delete(
    bus: &dyn Bus,
    queues: &[Queue],
    selection: &Selection,
    undecodable: bool,
) -> Result<Vec<String>> {
    let mut deleted = Vec::new();
    handle(bus, queues, selection, |queue, letter| {
        if undecodable && is_decodable(queue, letter) {
            return DeadLetterAction::Keep;
        }
        deleted.push(told(queue, letter));
        DeadLetterAction::Delete
    })
    .await?;
    Ok(deleted)
}

/// Has `decide` answer for each letter that is selected. Letters it keeps do not count for the
/// limit.
async fn handle<F>(
    bus: &dyn Bus,
    queues: &[Queue],
    selection: &Selection,
    mut decide: F,
) -> Result<()>
where
    F: FnMut(&Queue, &DeadLetter) -> DeadLetterAction + Send,
{
    let wanted: BTreeSet<&str> = selection.messages.iter().map(String::as_str).collect();
    check_that_all_exist(bus, queues, &wanted).await?;
    for queue in queues {
        // Those that are there now: one that is rejected again must not be sent
        // back for ever.
        let held = bus.dead_letters(queue, 1).await;
        let held = held.map_err(|error| broker_error(&error))?.held as usize;
        let mut left = selection.limit.unwrap_or(held);
        let mut decide = |letter: &DeadLetter| {
            let id = letter.message.message_id.as_str();
            if left == 0 || !(wanted.is_empty() || wanted.contains(id)) {
                return DeadLetterAction::Keep;
            }
            let action = decide(queue, letter);
            if action != DeadLetterAction::Keep {
                left -= 1;
            }
            action
        };
        let handled = bus.handle_dead_letters(queue, held, &mut decide).await;
        handled.map_err(|error| broker_error(&error))?;
    }
    Ok(())
}

/// Fails unless there is a dead letter of each id, before anything is done.
async fn check_that_all_exist(
    bus: &dyn Bus,
    queues: &[Queue],
    wanted: &BTreeSet<&str>,
) -> Result<()> {
    let mut missing = wanted.clone();
    for queue in queues {
        if missing.is_empty() {
            break;
        }
        let dead = bus.dead_letters(queue, usize::MAX).await;
        for letter in dead.map_err(|error| broker_error(&error))?.letters {
            missing.remove(letter.message.message_id.as_str());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<&str> = missing.into_iter().collect();
    Err(Error::because(
        Reason::InvalidArgument,
        format!(
            "no dead letter is called {}: `sopilot dlq list` shows which there are",
            missing.join(", ")
        ),
    ))
}

fn told_of_return(sorted: &Sorted) -> String {
    let mut text = format!("sent back: {}\n", counted(sorted.returned, "message"));
    if !sorted.refused.is_empty() {
        for letter in &sorted.refused {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "not sent back: {letter}");
        }
        text.push_str(
            "no worker could handle these: `sopilot dlq delete --undecodable` deletes them\n",
        );
    }
    text
}

fn told_of_deletion(deleted: &[String]) -> String {
    let mut text = String::new();
    for letter in deleted {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "deleted {letter}");
    }
    let _ = writeln!(text, "deleted: {}", counted(deleted.len(), "message"));
    text
}

fn print(found: &[Found], output: &Output) -> Result<()> {
    output.print(
        || {
            let queues = found.iter().map(|found| {
                let letters = found.letters.iter();
                let letters: Vec<Value> = letters
                    .map(|letter| letter_json(&found.queue, letter))
                    .collect();
                json!({"queue": found.queue.to_string(), "held": found.held, "letters": letters})
            });
            json!({"queues": queues.collect::<Vec<_>>()})
        },
        || {
            const COLUMNS: [Column; 5] = [
                Column("QUEUE", Align::Left),
                Column("MESSAGE", Align::Left),
                Column("WHY", Align::Left),
                Column("JOB", Align::Left),
                Column("BYTES", Align::Right),
            ];
            let rows = found.iter().flat_map(|found| {
                found.letters.iter().map(|letter| {
                    vec![
                        found.queue.to_string(),
                        letter.message.message_id.clone(),
                        why(letter.reason).to_owned(),
                        job_of(&found.queue, letter).unwrap_or_else(|| UNDECODABLE.to_owned()),
                        letter.message.body.len().to_string(),
                    ]
                })
            });
            let held: u64 = found.iter().map(|found| found.held).sum();
            if held == 0 {
                return "no dead letters\n".to_owned();
            }
            let shown: usize = found.iter().map(|found| found.letters.len()).sum();
            format!("{}\n{shown} of {held} shown\n", table(&COLUMNS, rows))
        },
    )
}

fn letter_json(queue: &Queue, letter: &DeadLetter) -> Value {
    json!({
        "messageId": letter.message.message_id,
        "reason": why(letter.reason),
        "jobId": job_of(queue, letter),
        "headers": letter.message.headers,
        "bytes": letter.message.body.len(),
    })
}

fn why(reason: DeadLetterReason) -> &'static str {
    match reason {
        DeadLetterReason::Rejected => "rejected",
        DeadLetterReason::DeliveryLimit => "came back too often",
    }
}

/// Whether workers of the queue take the message for a bell.
fn is_decodable(queue: &Queue, letter: &DeadLetter) -> bool {
    bell_of(&letter.message, queue.job()).is_some()
}

/// The job that the message rang for, if it is a bell of this queue at all.
fn job_of(queue: &Queue, letter: &DeadLetter) -> Option<String> {
    bell_of(&letter.message, queue.job()).map(|bell| bell.job_id)
}

fn broker_error(error: &BusError) -> Error {
    let reason = match error {
        BusError::Unavailable { .. } | BusError::Closed => Reason::Unavailable,
        BusError::Full { .. } => Reason::Overloaded,
        BusError::Refused { .. } => Reason::PermissionDenied,
        BusError::DeliveryLost { .. } => Reason::Aborted,
        BusError::InvalidMessage { .. }
        | BusError::InvalidPrefix { .. }
        | BusError::InvalidName { .. }
        | BusError::InvalidSetting { .. } => Reason::InvalidArgument,
    };
    Error::because(reason, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use futures::StreamExt as _;
    use prost::Message as _;
    use sopilot_bus::{InProcessBus, Message, Rejection};
    use sopilot_proto::catalog::v1::{Doorbell, JobStage};

    use super::*;

    fn queue() -> Queue {
        Queue::new(JobQueue::Align)
    }

    fn bell(stage: JobStage) -> Vec<u8> {
        let bell = Doorbell {
            job_id: "j1".to_owned(),
            stage: stage.into(),
            ..Doorbell::default()
        };
        bell.encode_to_vec()
    }

    /// A bus with dead letters: a bell, bytes that are none, a bell of another queue, a bell.
    async fn bus() -> InProcessBus {
        let bus = InProcessBus::default();
        let mut consumer = bus.consume(&queue(), NonZeroU16::MIN).await.unwrap();
        let bodies = [
            ("first", bell(JobStage::Align)),
            ("bytes", b"\xff\xff".to_vec()),
            ("stray", bell(JobStage::Embed)),
            ("last", bell(JobStage::Align)),
        ];
        for (id, body) in bodies {
            bus.publish(&queue(), Message::new(id, body)).await.unwrap();
            let delivery = consumer.next().await.unwrap();
            delivery.reject(Rejection::DeadLetter).await.unwrap();
        }
        bus
    }

    async fn left(bus: &InProcessBus) -> Vec<String> {
        let dead = bus.dead_letters(&queue(), 100).await.unwrap();
        let letters = dead.letters.into_iter();
        letters.map(|letter| letter.message.message_id).collect()
    }

    fn named(ids: &[&str]) -> Selection {
        Selection {
            messages: ids.iter().map(ToString::to_string).collect(),
            ..Selection::default()
        }
    }

    fn at_most(limit: usize) -> Selection {
        Selection {
            limit: Some(limit),
            ..Selection::default()
        }
    }

    #[tokio::test]
    async fn what_no_worker_could_decode_is_not_sent_back_but_named() {
        let bus = bus().await;
        let sorted = send_back(&bus, &[queue()], &Selection::default()).await;
        assert_eq!(
            told_of_return(&sorted.unwrap()),
            "sent back: 2 messages\n\
             not sent back: jobs.align bytes: cannot be decoded\n\
             not sent back: jobs.align stray: cannot be decoded\n\
             no worker could handle these: `sopilot dlq delete --undecodable` deletes them\n"
        );
        assert_eq!(left(&bus).await, ["bytes", "stray"]);
    }

    #[tokio::test]
    async fn those_that_stay_do_not_count_for_the_limit() {
        let bus = bus().await;
        let sorted = send_back(&bus, &[queue()], &named(&["bytes", "last"])).await;
        assert_eq!(sorted.unwrap().returned, 1);
        assert_eq!(left(&bus).await, ["first", "bytes", "stray"]);
        let sorted = send_back(&bus, &[queue()], &at_most(1)).await;
        assert_eq!(sorted.unwrap().returned, 1);
        assert_eq!(left(&bus).await, ["bytes", "stray"]);
    }

    #[tokio::test]
    async fn what_is_deleted_is_told() {
        let bus = bus().await;
        let deleted = delete(&bus, &[queue()], &Selection::default(), true).await;
        assert_eq!(
            told_of_deletion(&deleted.unwrap()),
            "deleted jobs.align bytes: cannot be decoded\n\
             deleted jobs.align stray: cannot be decoded\n\
             deleted: 2 messages\n"
        );
        assert_eq!(left(&bus).await, ["first", "last"]);
        let deleted = delete(&bus, &[queue()], &at_most(1), false).await;
        assert_eq!(
            told_of_deletion(&deleted.unwrap()),
            "deleted jobs.align first: job j1\ndeleted: 1 message\n"
        );
        assert_eq!(left(&bus).await, ["last"]);
    }

    #[tokio::test]
    async fn a_message_that_is_not_there_is_named() {
        let bus = bus().await;
        let error = delete(&bus, &[queue()], &named(&["first", "nobody"]), false).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "error[INVALID_ARGUMENT]: no dead letter is called nobody: \
             `sopilot dlq list` shows which there are"
        );
        assert_eq!(left(&bus).await.len(), 4);
    }
}
