//! Figures as OTLP writes them, under the names that `/metrics` has.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::json::nanos;
use crate::live::{BOUNDS, Counted, Family, Figures, Kind, Number, Sample};

/// OTLP's number for sums since the start, as all of ours are.
const CUMULATIVE: u8 = 2;

/// All figures of a server that began at `began`, as they are at `now`, both since 1970. Of what
/// never happened there are none.
pub(super) fn to_json(figures: &Figures, began: Duration, now: Duration) -> Value {
    let families = figures.families().iter().filter(|family| !family.samples.is_empty());
    families.map(|family| metric(family, began, now)).collect()
}

fn metric(family: &Family, began: Duration, now: Duration) -> Value {
    let points: Vec<Value> =
        family.samples.iter().map(|sample| point(sample, began, now)).collect();
    let (kind, data) = match family.kind {
        Kind::Gauge => ("gauge", json!({"dataPoints": points})),
        Kind::Counter => (
            "sum",
            json!({"aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points}),
        ),
        Kind::Histogram => {
            ("histogram", json!({"aggregationTemporality": CUMULATIVE, "dataPoints": points}))
        }
    };
    json!({"name": family.name, "description": family.help, kind: data})
}

fn point(sample: &Sample, began: Duration, now: Duration) -> Value {
    let attributes =
        sample.labels.iter().map(|(key, text)| json!({"key": key, "value": {"stringValue": text}}));
    let mut point = Map::from_iter([
        ("attributes".to_owned(), attributes.collect()),
        ("startTimeUnixNano".to_owned(), nanos(began)),
        ("timeUnixNano".to_owned(), nanos(now)),
    ]);
    match &sample.number {
        // There they have a sign.
        Number::Whole(number) if i64::try_from(*number).is_ok() => {
            point.insert("asInt".to_owned(), number.to_string().into());
        }
        Number::Whole(_) => {
            point.insert("asDouble".to_owned(), real(f64::INFINITY));
        }
        Number::Real(number) => {
            point.insert("asDouble".to_owned(), real(*number));
        }
        Number::Times(counted) => {
            point.insert("count".to_owned(), counted.count.to_string().into());
            point.insert("sum".to_owned(), real(counted.sum_secs));
            point.insert("explicitBounds".to_owned(), json!(BOUNDS));
            point.insert("bucketCounts".to_owned(), buckets(counted).into());
        }
    }
    point.into()
}

/// What JSON has no number for is a word.
fn real(number: f64) -> Value {
    match number {
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        number if number.is_nan() => "NaN".into(),
        number => number.into(),
    }
}

/// How many are in each bucket alone; the last is without bound.
fn buckets(counted: &Counted) -> Vec<String> {
    let upto = counted.at_most.iter().copied().chain([counted.count]);
    let before = [0].into_iter().chain(counted.at_most);
    upto.zip(before).map(|(upto, before)| (upto - before).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Histogram;

    #[test]
    fn figures_are_sums_gauges_and_histograms() {
        let histogram = Histogram::default();
        for millis in [0, 1, 2, 400_000] {
            histogram.note(Duration::from_millis(millis));
        }
        let mut figures = Figures::default();
        figures.gauge("a_ratio", "A.", f64::NAN);
        figures.counter("b_total", "B.", 7_u64);
        figures.gauge("most", "Most.", u64::MAX);
        figures.family("never", Kind::Counter, "What never happened.");
        figures.family("c_seconds", Kind::Histogram, "C.");
        figures.sample(&[("route", "/v1")], histogram.counted());
        let json = to_json(&figures, Duration::from_secs(1), Duration::from_millis(1_500));
        assert_eq!(json[0]["gauge"]["dataPoints"][0]["asDouble"], "NaN");
        let sum = &json[1]["sum"];
        assert_eq!(
            (&sum["isMonotonic"], &sum["aggregationTemporality"]),
            (&true.into(), &2.into())
        );
        assert_eq!(sum["dataPoints"][0]["asInt"], "7");
        assert_eq!(sum["dataPoints"][0]["startTimeUnixNano"], "1000000000");
        assert_eq!(sum["dataPoints"][0]["timeUnixNano"], "1500000000");
        assert_eq!(json[2]["gauge"]["dataPoints"][0]["asDouble"], "Infinity");
        let point = &json[3]["histogram"]["dataPoints"][0];
        assert_eq!(point["attributes"][0]["value"]["stringValue"], "/v1");
        assert_eq!(point["count"], "4");
        let counts: Vec<u64> = point["bucketCounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|count| count.as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!((counts.len(), counts.iter().sum::<u64>()), (BOUNDS.len() + 1, 4));
        assert_eq!((&counts[..3], counts[15]), (&[1, 1, 1][..], 1));
    }
}
