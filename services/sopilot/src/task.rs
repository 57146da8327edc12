//! Tasks by name: read, created, or given a new version.

use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::Task,
    scoring::v1::{Procedure, Step},
};

use crate::{
    client::Catalog,
    error::{Error, Result},
    steps::Steps,
};

/// A task, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ensured {
    pub(crate) task: Task,
    /// Jobs that prepare its golds for a version that was just made.
    pub(crate) prepare_job_ids: Vec<String>,
}

/// What to do if the task exists with another procedure than the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Differing {
    /// Give it a new version.
    NewVersion,
    /// Refuse: others may work with it.
    Refuse,
}

/// The task of that name, created if there is none. Without `steps` an existing task stays as it
/// is, and a new one gets its steps from the gold.
pub(crate) async fn ensure(
    catalog: &Catalog,
    name: &str,
    steps: Option<&Steps>,
    differing: Differing,
) -> Result<Ensured> {
    let explain = |error| match steps {
        Some(steps) => steps.explain(error),
        None => error,
    };
    let procedure = || {
        steps
            .map(|steps| steps.procedure.clone())
            .unwrap_or_default()
    };
    let found = match catalog.task_named(name).await? {
        Some(task) => task,
        None => match catalog.create_task(name, procedure()).await {
            Ok(task) => {
                return Ok(Ensured {
                    task,
                    prepare_job_ids: Vec::new(),
                });
            }
            // Somebody else was faster.
            Err(error) if error.reason == Some(Reason::TaskAlreadyExists) => {
                catalog.task_named(name).await?.ok_or(error)?
            }
            Err(error) => return Err(explain(error)),
        },
    };
    let same = steps.is_none_or(|steps| current(&found) == Some(&steps.procedure));
    if same {
        return Ok(Ensured {
            task: found,
            prepare_job_ids: Vec::new(),
        });
    }
    if differing == Differing::Refuse {
        let message = format!(
            "task \"{name}\" exists with other steps: leave --steps out to use them, or give the task a new version with `sopilot task set \"{name}\" --steps FILE`"
        );
        return Err(Error::because(Reason::TaskAlreadyExists, message));
    }
    let answer = catalog
        .create_task_version(&found.id, procedure())
        .await
        .map_err(explain)?;
    let task = answer.task.unwrap_or(found);
    Ok(Ensured {
        task,
        prepare_job_ids: answer.prepare_job_ids,
    })
}

/// The number of a task's current version.
pub(crate) fn version(task: &Task) -> u32 {
    task.current_version
        .as_ref()
        .map_or(0, |version| version.version)
}

/// The steps of a task's current version.
pub(crate) fn steps(task: &Task) -> &[Step] {
    current(task).map_or(&[], |procedure| &procedure.steps)
}

/// The task of that name; an error if there is none.
pub(crate) async fn named(catalog: &Catalog, name: &str) -> Result<Task> {
    catalog.task_named(name).await?.ok_or_else(|| {
        let message = format!("there is no task \"{name}\": see `sopilot task list`");
        Error::because(Reason::TaskNotFound, message)
    })
}

/// The id of the task of that name, as lists take it; empty where none is named.
pub(crate) async fn id_to_list(catalog: &Catalog, name: Option<&String>) -> Result<String> {
    match name {
        Some(name) => Ok(named(catalog, name).await?.id),
        None => Ok(String::new()),
    }
}

fn current(task: &Task) -> Option<&Procedure> {
    task.current_version
        .as_ref()
        .and_then(|version| version.procedure.as_ref())
}
