//! A tiny gRPC service whose handlers are closures, and a client for it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use http::uri::PathAndQuery;
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use sopilot_chassis::{
    ClientConfig, Listener, PeerChannel, Readiness, Server, ServerConfig, Services, Shutdown,
    ShutdownConfig, connect,
};
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;

pub(crate) const UNARY: &str = "/test.Echo/Unary";
pub(crate) const STREAM: &str = "/test.Echo/Stream";

type Handler = dyn Fn(String) -> BoxFuture<'static, Result<String, Status>> + Send + Sync;

/// `Unary` answers what the handler returns. `Stream` sends that once and then neither ends nor
/// sends anything else.
#[derive(Clone)]
pub(crate) struct Echo(Arc<Handler>);

impl Echo {
    pub(crate) fn new<F>(handler: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, Status>> + Send + 'static,
    {
        Self(Arc::new(move |message| handler(message).boxed()))
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let handler = Arc::clone(&self.0);
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
        Box::pin(async move {
            Ok(if request.uri().path() == STREAM {
                grpc.server_streaming(Method(handler), request).await
            } else {
                grpc.unary(Method(handler), request).await
            })
        })
    }
}

struct Method(Arc<Handler>);

type Answer<T> = BoxFuture<'static, Result<Response<T>, Status>>;

impl tonic::server::UnaryService<String> for Method {
    type Response = String;
    type Future = Answer<String>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        (self.0)(request.into_inner())
            .map(|answer| answer.map(Response::new))
            .boxed()
    }
}

impl tonic::server::ServerStreamingService<String> for Method {
    type Response = String;
    type ResponseStream = BoxStream<'static, Result<String, Status>>;
    type Future = Answer<Self::ResponseStream>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let answer = (self.0)(request.into_inner());
        async move {
            let first = answer.await?;
            let answers = stream::once(async { Ok(first) }).chain(stream::pending());
            Ok(Response::new(answers.boxed()))
        }
        .boxed()
    }
}

/// What the code generator would write for [`Echo`].
pub(crate) fn descriptor_set() -> &'static [u8] {
    let method = |name: &str, streaming| MethodDescriptorProto {
        name: Some(name.into()),
        input_type: Some(".google.protobuf.StringValue".into()),
        output_type: Some(".google.protobuf.StringValue".into()),
        server_streaming: Some(streaming),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("echo.proto".into()),
        package: Some("test".into()),
        service: vec![ServiceDescriptorProto {
            name: Some("Echo".into()),
            method: vec![method("Unary", false), method("Stream", true)],
            ..Default::default()
        }],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .leak()
}

/// A server that runs until the test ends or `shutdown` stops it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) readiness: Readiness,
    pub(crate) shutdown: Shutdown,
    pub(crate) serving: JoinHandle<()>,
}

pub(crate) async fn start(echo: Echo, config: ServerConfig, stop: ShutdownConfig) -> Running {
    serve("127.0.0.1:0".parse().unwrap(), echo, config, stop).await
}

/// A server at an address that was in use a moment ago.
pub(crate) async fn start_at(address: SocketAddr, echo: Echo) -> Running {
    let (config, stop) = (ServerConfig::default(), ShutdownConfig::embedded());
    serve(address, echo, config, stop).await
}

async fn serve(
    address: SocketAddr,
    echo: Echo,
    config: ServerConfig,
    stop: ShutdownConfig,
) -> Running {
    let listener = Listener::bind(address).await.unwrap();
    let server = Server::builder(config)
        .with_services(Services::new().with(echo))
        .with_descriptor_set(descriptor_set())
        .build(listener)
        .unwrap();
    let (address, readiness) = (server.local_addr(), server.readiness());
    let shutdown = Shutdown::new(stop);
    let serving = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { server.serve(&shutdown).await.unwrap() }
    });
    Running {
        address,
        readiness,
        shutdown,
        serving,
    }
}

pub(crate) async fn start_default(echo: Echo) -> Running {
    start(echo, ServerConfig::default(), ShutdownConfig::embedded()).await
}

impl Running {
    /// A new connection whose calls have `timeout`.
    pub(crate) fn client(&self, timeout: Option<Duration>) -> PeerChannel {
        let config = ClientConfig {
            timeout,
            ..ClientConfig::default()
        };
        connect("echo", &format!("http://{}", self.address), &config).unwrap()
    }
}

/// Waits for what must happen soon, so that a test fails instead of hanging.
pub(crate) async fn in_time<F: Future>(event: F) -> F::Output {
    let outcome = tokio::time::timeout(Duration::from_secs(20), event).await;
    outcome.expect("nothing happened for 20 seconds")
}

pub(crate) async fn unary(channel: &PeerChannel, message: &str) -> Result<String, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    let call = async {
        grpc.ready().await?;
        let request = Request::new(message.to_owned());
        let codec = ProstCodec::<String, String>::default();
        let path = PathAndQuery::from_static(UNARY);
        grpc.unary(request, path, codec).await
    };
    Ok(in_time(call).await?.into_inner())
}

pub(crate) async fn streaming(channel: &PeerChannel) -> Result<tonic::Streaming<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    let call = async {
        grpc.ready().await?;
        let request = Request::new(String::new());
        let codec = ProstCodec::<String, String>::default();
        let path = PathAndQuery::from_static(STREAM);
        grpc.server_streaming(request, path, codec).await
    };
    Ok(in_time(call).await?.into_inner())
}

/// A stream of `channel` whose first message has come. Under a limit of
/// milliseconds, which a busy machine may exceed before that, it takes as many attempts as it takes.
pub(crate) async fn begun(channel: &PeerChannel) -> tonic::Streaming<String> {
    let attempt = async || {
        let mut answers = streaming(channel).await?;
        let first = in_time(answers.message()).await?;
        first.expect("a stream has a first message");
        Ok::<_, Status>(answers)
    };
    in_time(async {
        loop {
            if let Ok(answers) = attempt().await {
                return answers;
            }
        }
    })
    .await
}
