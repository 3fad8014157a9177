// SPDX-License-Identifier: Apache-2.0

//! One event, recorded again and again, by all threads on the same series, or (labelled) on the
//! same 144 in turn: whoever starts it takes the processor time.
//!
//! usage: record prometheus-client|measured counter|histogram|labelled THREADS EVENTS
//! EVENTS are of each thread.

use std::hint::black_box;
use std::thread;

use measured::metric::histogram::Thresholds;
use measured::{FixedCardinalityLabel, LabelGroup};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};

const BOUNDS: [f64; 12] = [
    0.0005,
    0.00125,
    0.003125,
    0.0078125,
    0.01953125,
    0.048828125,
    0.1220703125,
    0.30517578125,
    0.762939453125,
    1.9073486328125,
    4.76837158203125,
    11.920928955078125,
];

/// Records the i-th event.
type Record = Box<dyn Fn(usize) + Sync>;

/// As they come from requests: spread over all buckets, in no order.
fn observed() -> Vec<f64> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let spread = (state >> 40) as f64 / f64::from(1 << 24);
        0.0002 * f64::from(1_u32 << (spread * 17.0) as u32)
    };
    (0..4096).map(|_| draw()).collect()
}

#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, FixedCardinalityLabel, Hash, PartialEq)]
enum Path {
    Root,
    Hello,
    Slow,
    Metrics,
    A,
    B,
    C,
    Other,
}
const PATHS: [Path; 8] = [
    Path::Root,
    Path::Hello,
    Path::Slow,
    Path::Metrics,
    Path::A,
    Path::B,
    Path::C,
    Path::Other,
];

#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, FixedCardinalityLabel, Hash, PartialEq)]
enum Method {
    Get,
    Head,
    Post,
}
const METHODS: [Method; 3] = [Method::Get, Method::Head, Method::Post];

#[derive(Clone, Copy, Debug, EncodeLabelValue, Eq, FixedCardinalityLabel, Hash, PartialEq)]
enum Status {
    Ok = 200,
    NoContent = 204,
    BadRequest = 400,
    NotFound = 404,
    NotAllowed = 405,
    Internal = 500,
}
const STATUSES: [Status; 6] = [
    Status::Ok,
    Status::NoContent,
    Status::BadRequest,
    Status::NotFound,
    Status::NotAllowed,
    Status::Internal,
];

#[derive(Clone, Copy, Debug, EncodeLabelSet, Eq, Hash, LabelGroup, PartialEq)]
#[label(set = RequestSet)]
struct Request {
    path: Path,
    method: Method,
    code: Status,
}

fn request(i: usize) -> Request {
    Request {
        path: PATHS[i % 8],
        method: METHODS[i % 3],
        code: STATUSES[i % 6],
    }
}

fn by_prometheus_client(what: &str) -> Option<Record> {
    Some(match what {
        "counter" => {
            let events: Counter = Counter::default();
            Box::new(move |_| {
                events.inc();
            })
        }
        "histogram" => {
            let (seconds, values) = (Histogram::new(BOUNDS), observed());
            Box::new(move |i| seconds.observe(values[i % 4096]))
        }
        "labelled" => {
            let requests = Family::<Request, Counter>::default();
            Box::new(move |i| {
                requests.get_or_create(&request(i)).inc();
            })
        }
        _ => return None,
    })
}

fn by_measured(what: &str) -> Option<Record> {
    Some(match what {
        "counter" => {
            let events = measured::Counter::new();
            Box::new(move |_| events.inc())
        }
        "histogram" => {
            let seconds =
                measured::Histogram::<12>::with_metadata(Thresholds::with_buckets(BOUNDS));
            let values = observed();
            Box::new(move |i| seconds.observe(values[i % 4096]))
        }
        "labelled" => {
            let requests = measured::CounterVec::<RequestSet>::with_label_set(RequestSet::new());
            Box::new(move |i| requests.inc(request(i)))
        }
        _ => return None,
    })
}

/// None if the arguments are not as the usage says.
fn arguments() -> Option<(Record, usize, usize)> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [library, what, threads, events] = &given[..] else {
        return None;
    };
    let record = match library.as_str() {
        "prometheus-client" => by_prometheus_client(what)?,
        "measured" => by_measured(what)?,
        _ => return None,
    };
    Some((record, threads.parse().ok()?, events.parse().ok()?))
}

fn main() {
    let Some((record, threads, events)) = arguments() else {
        eprintln!(
            "usage: record prometheus-client|measured counter|histogram|labelled THREADS EVENTS"
        );
        std::process::exit(2);
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..events).for_each(|i| record(black_box(i))));
        }
    });
}
