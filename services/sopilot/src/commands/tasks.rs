//! `sopilot tasks`: procedures and their versions.

use std::path::PathBuf;

use clap::Args;
use sopilot_proto::{
    catalog::v1::{ListTasksRequest, ListTasksResponse, Task},
    json, timestamp,
};

use crate::{
    arguments::Server,
    client::{Catalog, all_pages},
    error::Result,
    interrupt::Interrupt,
    output,
    steps::Steps,
    table::{Align, Column, table},
    task::{self, Differing, version},
    text::{clock, safe},
};

/// List the tasks of a server, newest first, or show or change one
///
/// With a name and --steps the task is created, or gets a new version if its steps differ; its
/// golds are then prepared anew.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n{}", crate::steps::EXAMPLE))]
pub(crate) struct TasksArgs {
    /// Show this task with its steps
    name: Option<String>,
    /// Create the task with these steps (YAML), or give it a new version
    #[arg(long, value_name = "FILE", requires = "name")]
    steps: Option<PathBuf>,
    /// At most this many
    #[arg(long, value_name = "COUNT", conflicts_with = "name")]
    limit: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

const EXAMPLES: &str = "\
Examples:
  sopilot tasks
  sopilot tasks assembly
  sopilot tasks assembly --steps steps.yaml
";

/// Runs the command.
pub(crate) async fn run(args: &TasksArgs) -> Result<()> {
    let steps = args.steps.as_deref().map(Steps::read).transpose()?;
    let catalog = Catalog::connect(&args.server.server)?;
    let work = async {
        match (&args.name, &steps) {
            (None, _) => list(&catalog, args).await,
            (Some(name), None) => show(&task::named(&catalog, name).await?, args.json),
            (Some(name), Some(_)) => {
                let differing = Differing::NewVersion;
                let made = task::ensure(&catalog, name, steps.as_ref(), differing).await?;
                show(&made.task, args.json)
            }
        }
    };
    Interrupt::new()?.guard(work).await
}

async fn list(catalog: &Catalog, args: &TasksArgs) -> Result<()> {
    let tasks = all_pages(
        args.limit.unwrap_or(usize::MAX),
        async |page_size, page_token| {
            let answer = catalog
                .list_tasks(ListTasksRequest {
                    page_size,
                    page_token,
                })
                .await?;
            Ok((answer.tasks, answer.next_page_token))
        },
    );
    let tasks = tasks.await?;
    if args.json {
        let all = ListTasksResponse {
            tasks,
            next_page_token: String::new(),
        };
        return output::json(&json::to_value(&all));
    }
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
    output::text(&table(&columns, tasks.iter().map(row)))
}

fn show(task: &Task, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(&json::to_value(task));
    }
    let head = format!(
        "Task     {}\nId       {}\nVersion  {}\n",
        safe(&task.name),
        safe(&task.id),
        version(task)
    );
    let steps = task::steps(task);
    if steps.is_empty() {
        return output::text(&format!(
            "{head}\nNo steps are listed; they are found in the gold.\n"
        ));
    }
    let columns = [
        Column("Step", Align::Left),
        Column("In the gold", Align::Left),
        Column("", Align::Left),
    ];
    let rows = steps.iter().enumerate().map(|(index, step)| {
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
        vec![
            format!("{} {}", index + 1, step.name),
            time,
            marks.join(", "),
        ]
    });
    output::text(&format!("{head}\n{}", table(&columns, rows)))
}
