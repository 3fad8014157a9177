// SPDX-License-Identifier: Apache-2.0

//! The Rust counterpart of series-server for the benchmarks: hyper on one thread, with as many
//! counters as it is told to have, kept and encoded by the library that is named. It does not
//! compress.
//!
//! usage: series PORT SERIES prometheus-client|measured

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use measured::text::BufferedTextEncoder;
use measured::{CounterVec, LabelGroup, MetricGroup};
use paracord::ParaCord;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::{counter::Counter, family::Family};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

/// Makes one exposition: its type and its octets.
type Exposition = Box<dyn Fn() -> (&'static str, Bytes) + Send + Sync>;

fn tenant(i: u64) -> String {
    format!("tenant-{i:07}")
}

fn value(i: u64) -> u64 {
    i * 7919 + 1
}

fn of_prometheus_client(count: u64) -> Exposition {
    let mut registry = Registry::default();
    let events = Family::<Vec<(String, String)>, Counter>::default();
    registry.register("bench_events", "Events by tenant", events.clone());
    for i in 0..count {
        let labels = vec![("tenant".to_owned(), tenant(i))];
        events.get_or_create(&labels).inc_by(value(i));
    }
    Box::new(move || {
        let mut text = String::new();
        encode(&mut text, &registry).expect("a String takes everything");
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (kind, text.into())
    })
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = TenantSet)]
struct Tenant<'a> {
    #[label(dynamic_with = ParaCord)]
    tenant: &'a str,
}

#[derive(MetricGroup)]
struct Events {
    /// Events by tenant.
    bench_events_total: CounterVec<TenantSet>,
}

fn of_measured(count: u64) -> Exposition {
    let tenants = TenantSet {
        tenant: ParaCord::default(),
    };
    let events = Events {
        bench_events_total: CounterVec::with_label_set(tenants),
    };
    for i in 0..count {
        let tenant = tenant(i);
        let labels = Tenant { tenant: &tenant };
        events.bench_events_total.inc_by(labels, value(i));
    }
    // Kept between scrapes, as the library advises.
    let encoder = Mutex::new(BufferedTextEncoder::new());
    Box::new(move || {
        let mut encoder = encoder.lock().expect("nobody panics with it");
        let Ok(()) = events.collect_group_into(&mut *encoder);
        ("text/plain; version=0.0.4", encoder.finish())
    })
}

fn answer(request: &Request<Incoming>, exposition: &Exposition) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return Response::new(Full::from("ok\n"));
    }
    let (kind, octets) = exposition();
    let mut response = Response::new(Full::new(octets));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

async fn serve(port: u16, exposition: Exposition) -> std::io::Result<()> {
    let exposition = Arc::new(exposition);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let exposition = Arc::clone(&exposition);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = answer(&request, &exposition);
                async move { Ok::<_, Infallible>(response) }
            });
            // An error here is a client that went away.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// None if the arguments are not as the usage says.
fn arguments() -> Option<(u16, Exposition)> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [port, series, library] = &given[..] else {
        return None;
    };
    let make = match library.as_str() {
        "prometheus-client" => of_prometheus_client,
        "measured" => of_measured,
        _ => return None,
    };
    Some((port.parse().ok()?, make(series.parse().ok()?)))
}

fn main() -> std::io::Result<()> {
    let Some((port, exposition)) = arguments() else {
        eprintln!("usage: series PORT SERIES prometheus-client|measured");
        std::process::exit(2);
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?
        .block_on(serve(port, exposition))
}
