//! `sopilot dlq`: messages that no worker could handle.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use prost::Message as _;
use serde_json::{Value, json};
use sopilot_bus::{
    Bus, BusError, DeadLetter, DeadLetterReason, JobQueue, Queue, RabbitMqBus, RabbitMqConfig,
};
use sopilot_proto::catalog::v1::Doorbell;

use crate::{
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    output::{self, Output},
    table::{Align, Column, table},
    text::counted,
};

/// Dead letters of the broker: look at them, send them back
///
/// A message goes to the dead letters if it cannot be decoded, or came back from workers again and
/// again. The job it rang for is not lost: the catalog rings again by itself.
#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    List(ListArgs),
    Return(ReturnArgs),
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
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot dlq return --queue align
  sopilot dlq return --limit 1
")]
pub(crate) struct ReturnArgs {
    #[command(flatten)]
    broker: Broker,
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
            let returned = interrupt.guard(send_back(&bus, args)).await;
            bus.close().await;
            let told = counted(returned?, "message");
            output::text(&format!("sent back: {told}\n"))
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

async fn send_back(bus: &RabbitMqBus, args: &ReturnArgs) -> Result<usize> {
    let mut returned = 0;
    for queue in args.broker.queues() {
        // Those that are there now: one that is rejected again must not be sent
        // back for ever.
        let held = bus.dead_letters(&queue, 1).await;
        let held = held.map_err(|error| broker_error(&error))?.held as usize;
        let limit = args.limit.unwrap_or(held).min(held);
        let count = bus.return_dead_letters(&queue, limit).await;
        returned += count.map_err(|error| broker_error(&error))?;
    }
    Ok(returned)
}

fn print(found: &[Found], output: &Output) -> Result<()> {
    output.print(
        || {
            let queues = found.iter().map(|found| {
                let letters: Vec<Value> = found.letters.iter().map(letter_json).collect();
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
                        job_of(letter).unwrap_or_else(|| "cannot be decoded".to_owned()),
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

fn letter_json(letter: &DeadLetter) -> Value {
    json!({
        "messageId": letter.message.message_id,
        "reason": why(letter.reason),
        "jobId": job_of(letter),
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

/// The job that the message rang for, if it is a bell at all.
fn job_of(letter: &DeadLetter) -> Option<String> {
    let bell = Doorbell::decode(letter.message.body.clone()).ok()?;
    (!bell.job_id.is_empty()).then_some(bell.job_id)
}

fn broker_error(error: &BusError) -> Error {
    let exit = match error {
        BusError::Unavailable { .. } => Exit::UNREACHABLE,
        error if error.is_transient() => Exit::TEMPORARY,
        _ => Exit::USAGE,
    };
    Error::new(exit, error.to_string())
}
