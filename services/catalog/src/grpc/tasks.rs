//! `TaskService`.

use prost::Message;
use sopilot_chassis::ApiError;
use sopilot_proto::{
    catalog::v1::{
        CreateTaskRequest, CreateTaskResponse, CreateTaskVersionRequest, CreateTaskVersionResponse,
        DeleteTaskRequest, DeleteTaskResponse, GetTaskRequest, GetTaskResponse,
        ListTaskVersionsRequest, ListTaskVersionsResponse, ListTasksRequest, ListTasksResponse,
        get_task_request::Selector, task_service_server::TaskService,
    },
    id::TaskId,
};
use tonic::{Request, Response, Status};

use super::{
    Handlers,
    convert::{check_procedure, check_text, id, wire_task, wire_version},
    traceparent,
};
use crate::store::{self, PageRequest};

#[tonic::async_trait]
impl TaskService for Handlers {
    async fn create_task(
        &self,
        request: Request<CreateTaskRequest>,
    ) -> Result<Response<CreateTaskResponse>, Status> {
        let message = request.into_inner();
        if message.name.trim().is_empty() {
            return Err(ApiError::invalid("name", "must not be empty").into());
        }
        check_text("name", &message.name, 200)?;
        let procedure = message.procedure.clone().unwrap_or_default();
        check_procedure(&procedure)?;
        let repeatable =
            store::Request::new("CreateTask", &message.request_id, &message.encode_to_vec())?;
        let task = self
            .store
            .create_task(&message.name, &procedure, &repeatable)
            .await?;
        Ok(Response::new(CreateTaskResponse {
            task: Some(wire_task(task)),
        }))
    }

    async fn get_task(
        &self,
        request: Request<GetTaskRequest>,
    ) -> Result<Response<GetTaskResponse>, Status> {
        let task = match request.into_inner().selector {
            Some(Selector::Id(text)) => self.store.task(id::<TaskId>("id", &text)?.uuid()).await?,
            Some(Selector::Name(name)) => self.store.task_by_name(&name).await?,
            None => return Err(ApiError::invalid("selector", "set id or name").into()),
        };
        Ok(Response::new(GetTaskResponse {
            task: Some(wire_task(task)),
        }))
    }

    async fn list_tasks(
        &self,
        request: Request<ListTasksRequest>,
    ) -> Result<Response<ListTasksResponse>, Status> {
        let message = request.into_inner();
        let page = PageRequest::new(message.page_size, &message.page_token, "tasks")?;
        let page = self.store.list_tasks(page, "tasks").await?;
        Ok(Response::new(ListTasksResponse {
            tasks: page.rows.into_iter().map(wire_task).collect(),
            next_page_token: page.next_token,
        }))
    }

    async fn create_task_version(
        &self,
        request: Request<CreateTaskVersionRequest>,
    ) -> Result<Response<CreateTaskVersionResponse>, Status> {
        let traceparent = traceparent(&request);
        let message = request.into_inner();
        let task_id = id::<TaskId>("task_id", &message.task_id)?;
        let procedure = message.procedure.clone().ok_or_else(|| {
            ApiError::invalid("procedure", "must be set: it replaces the current one")
        })?;
        check_procedure(&procedure)?;
        let encoded = message.encode_to_vec();
        let repeatable = store::Request::new("CreateTaskVersion", &message.request_id, &encoded)?;
        let (task, jobs) = self
            .store
            .create_task_version(task_id.uuid(), &procedure, &repeatable, &traceparent)
            .await?;
        Ok(Response::new(CreateTaskVersionResponse {
            task: Some(wire_task(task)),
            prepare_job_ids: jobs.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn list_task_versions(
        &self,
        request: Request<ListTaskVersionsRequest>,
    ) -> Result<Response<ListTaskVersionsResponse>, Status> {
        let message = request.into_inner();
        let task_id = id::<TaskId>("task_id", &message.task_id)?;
        let filter = format!("versions {task_id}");
        let page = PageRequest::new(message.page_size, &message.page_token, &filter)?;
        let page = self
            .store
            .list_task_versions(task_id.uuid(), page, &filter)
            .await?;
        Ok(Response::new(ListTaskVersionsResponse {
            versions: page.rows.into_iter().map(wire_version).collect(),
            next_page_token: page.next_token,
        }))
    }

    async fn delete_task(
        &self,
        request: Request<DeleteTaskRequest>,
    ) -> Result<Response<DeleteTaskResponse>, Status> {
        let task_id = id::<TaskId>("task_id", &request.into_inner().task_id)?;
        self.store.delete_task(task_id.uuid()).await?;
        Ok(Response::new(DeleteTaskResponse {}))
    }
}
