// SPDX-License-Identifier: Apache-2.0

//! The Rust counterpart of demo-cpp for the benchmarks: hyper on one thread, each request counted
//! with prometheus-client by path, method and code.
//!
//! usage: demo PORT

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const BOUNDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RequestLabels {
    path: &'static str,
    method: &'static str,
    code: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct DurationLabels {
    path: &'static str,
    method: &'static str,
}

struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<DurationLabels, Histogram>,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::with_prefix("demo_http");
        let requests = Family::default();
        registry.register("requests", "Total HTTP requests", Family::clone(&requests));
        let durations =
            Family::<DurationLabels, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register(
            "request_duration_seconds",
            "HTTP request duration in seconds",
            durations.clone(),
        );
        Self {
            registry,
            requests,
            durations,
        }
    }

    fn count(&self, path: &'static str, method: &Method, code: StatusCode, took: Duration) {
        let method = if *method == Method::GET {
            "GET"
        } else {
            "other"
        };
        let requests = RequestLabels {
            path,
            method,
            code: code.as_u16(),
        };
        self.requests.get_or_create(&requests).inc();
        let durations = DurationLabels { path, method };
        self.durations
            .get_or_create(&durations)
            .observe(took.as_secs_f64());
    }
}

fn text(code: StatusCode, kind: HeaderValue, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

async fn answer(path: &'static str, metrics: &Metrics) -> Response<String> {
    match path {
        "/status/200" => text(StatusCode::OK, PLAIN, "200 OK\n".into()),
        "/hello" => {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..100))).await;
            text(StatusCode::OK, PLAIN, "hello\n".into())
        }
        "/metrics" => {
            let mut body = String::new();
            encode(&mut body, &metrics.registry).expect("a String takes everything");
            text(StatusCode::OK, OPEN_METRICS, body)
        }
        _ => text(StatusCode::NOT_FOUND, PLAIN, "not found\n".into()),
    }
}

async fn handle(
    request: Request<Incoming>,
    metrics: Arc<Metrics>,
) -> Result<Response<String>, Infallible> {
    let begin = Instant::now();
    let path = match request.uri().path() {
        "/status/200" => "/status/200",
        "/hello" => "/hello",
        "/metrics" => "/metrics",
        _ => "other",
    };
    let response = answer(path, &metrics).await;
    metrics.count(path, request.method(), response.status(), begin.elapsed());
    Ok(response)
}

async fn serve(port: u16) -> std::io::Result<()> {
    let metrics = Arc::new(Metrics::new());
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let service = service_fn(|request| handle(request, Arc::clone(&metrics)));
            // An error here is a client that went away.
            let _ = http1::Builder::new()
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn main() -> std::io::Result<()> {
    let Some(Ok(port)) = std::env::args().nth(1).map(|text| text.parse()) else {
        eprintln!("usage: demo PORT");
        std::process::exit(2);
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(port))
}
