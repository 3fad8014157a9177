// SPDX-License-Identifier: Apache-2.0

//! The Rust counterpart of series-server for the benchmarks: hyper and prometheus-client on one
//! thread, with as many counters as it is told to have. It does not compress.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::{counter::Counter, family::Family};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(String, String)>;

fn with_series(count: u64) -> Registry {
    let mut registry = Registry::default();
    let events = Family::<Labels, Counter>::default();
    registry.register("bench_events", "Events by tenant", events.clone());
    for i in 0..count {
        let labels = vec![("tenant".to_owned(), format!("tenant-{i:07}"))];
        events.get_or_create(&labels).inc_by(i * 7919 + 1);
    }
    registry
}

fn answer(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return Response::new(Full::from("ok\n"));
    }
    let mut text = String::new();
    encode(&mut text, registry).expect("a String takes everything");
    let mut response = Response::new(Full::from(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(TYPE));
    response
}

async fn serve(port: u16, registry: Registry) -> std::io::Result<()> {
    let registry = Arc::new(registry);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let registry = Arc::clone(&registry);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = answer(&request, &registry);
                async move { Ok::<_, Infallible>(response) }
            });
            // An error here is a client that went away.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let [port, series] = arguments[..] else {
        eprintln!("usage: rust-metrics PORT SERIES");
        std::process::exit(2);
    };
    let port = u16::try_from(port).expect("a port");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(serve(port, with_series(series)))
}
