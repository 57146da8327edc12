//! `sopilot task`: procedures and their versions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sopilot_proto::{
    catalog::v1::{ListTasksRequest, ListTasksResponse, Task},
    json, timestamp,
};

use crate::{
    arguments::{Listing, Server},
    client::{Catalog, all_pages},
    error::Result,
    interrupt::Interrupt,
    output::Output,
    report::{numbered, numbers},
    steps::Steps,
    table::{Align, Column, table},
    task::{self, Differing, version},
    text::{clock, safe},
};

/// Tasks of a server: list, show, set
#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    List(ListArgs),
    Show(ShowArgs),
    Set(SetArgs),
}

/// List tasks, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot task list
")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    list: Listing,
}

/// Show a task with its steps
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot task show assembly
")]
pub(crate) struct ShowArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// Create a task, or give it a new version if its steps differ
///
/// Its golds are then prepared anew.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{}", crate::steps::EXAMPLE))]
pub(crate) struct SetArgs {
    /// Its name
    name: String,
    /// List of steps (YAML)
    #[arg(long, value_name = "FILE")]
    steps: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

const EXAMPLES: &str = "\
Examples:
  sopilot task set assembly --steps steps.yaml
";

/// Runs `sopilot task`.
pub(crate) async fn run(command: &TaskCommand) -> Result<()> {
    match command {
        TaskCommand::List(args) => list(args).await,
        TaskCommand::Show(args) => {
            let catalog = Catalog::connect(&args.server.server)?;
            let found = task::named(&catalog, &args.name);
            print(&Interrupt::new()?.guard(found).await?, &args.output)
        }
        TaskCommand::Set(args) => {
            let steps = Steps::read(&args.steps)?;
            let catalog = Catalog::connect(&args.server.server)?;
            let made = task::ensure(&catalog, &args.name, Some(&steps), Differing::NewVersion);
            let made = Interrupt::new()?.guard(made).await?;
            print(&made.task, &args.output)
        }
    }
}

async fn list(args: &ListArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.list.server.server)?;
    let tasks = all_pages(args.list.most(), async |page_size, page_token| {
        let answer = catalog
            .list_tasks(ListTasksRequest {
                page_size,
                page_token,
            })
            .await?;
        Ok((answer.tasks, answer.next_page_token))
    });
    let tasks = Interrupt::new()?.guard(tasks).await?;
    let for_people = rows(&tasks);
    let all = ListTasksResponse {
        tasks,
        next_page_token: String::new(),
    };
    args.list
        .output
        .print(|| json::to_value(&all), || for_people)
}

fn rows(tasks: &[Task]) -> String {
    let columns = [
        Column("Task", Align::Left),
        Column("Version", Align::Right),
        Column("Steps", Align::Right),
        Column("Created", Align::Left),
        Column("Id", Align::Left),
    ];
    let row = |task: &Task| {
        vec![
            task.name.clone(),
            version(task).to_string(),
            task::steps(task).len().to_string(),
            task.created_at
                .as_ref()
                .map_or_else(String::new, timestamp::to_rfc3339),
            task.id.clone(),
        ]
    };
    table(&columns, tasks.iter().map(row))
}

fn print(task: &Task, output: &Output) -> Result<()> {
    output.print(|| json::to_value(task), || details(task))
}

fn details(task: &Task) -> String {
    let head = format!(
        "Task     {}\nId       {}\nVersion  {}\n",
        safe(&task.name),
        safe(&task.id),
        version(task)
    );
    let steps = task::steps(task);
    if steps.is_empty() {
        return format!("{head}\nNo steps are listed; they are found in the gold.\n");
    }
    let columns = [
        Column("Step", Align::Left),
        Column("In the gold", Align::Left),
        Column("", Align::Left),
    ];
    let parents: Vec<Option<u32>> = steps.iter().map(|step| step.parent).collect();
    let rows = steps.iter().zip(numbers(&parents)).map(|(step, number)| {
        let time = step.gold_time.as_ref().map_or_else(String::new, |time| {
            format!(
                "{} – {}",
                clock(time.start_seconds),
                clock(time.end_seconds)
            )
        });
        let marks = [(step.critical, "critical"), (step.optional, "optional")];
        let marks: Vec<_> = marks
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, mark)| *mark)
            .collect();
        vec![numbered(&number, &step.name), time, marks.join(", ")]
    });
    format!("{head}\n{}", table(&columns, rows))
}
