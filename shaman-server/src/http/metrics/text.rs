//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write as _};

use crate::live::{BOUNDS, Counted, Family, Figures, Kind, Number, Sample};

/// The page of all figures.
pub(super) fn page(figures: &Figures) -> String {
    let mut text = Text::default();
    for Family { name, help, kind, samples } in figures.families() {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        text.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
        for Sample { labels, number } in samples {
            match number {
                Number::Whole(number) => text.sample(name, labels, number),
                Number::Real(number) => text.sample(name, labels, number),
                Number::Times(counted) => text.histogram(name, labels, counted),
            }
        }
    }
    text.0
}

/// A page that is being written.
#[derive(Debug, Default)]
struct Text(String);

/// Names and values that tell figures of one name apart.
type Labels<'a> = &'a [(&'static str, String)];

impl Text {
    fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        let mut between = '{';
        self.0.push_str(name);
        for (label, text) in labels {
            write!(self.0, "{between}{label}=\"{}\"", Escaped(text)).expect("text takes text");
            between = ',';
        }
        let end = if labels.is_empty() { "" } else { "}" };
        self.line(format_args!("{end} {value}"));
    }

    /// The samples of a histogram with these labels.
    fn histogram(&mut self, name: &str, labels: Labels<'_>, counted: &Counted) {
        let bucket = format!("{name}_bucket");
        let mut upto = |bound: String, number: u64| {
            let with_bound = [labels, &[("le", bound)]].concat();
            self.sample(&bucket, &with_bound, number);
        };
        for (bound, number) in BOUNDS.iter().zip(counted.at_most) {
            upto(bound.to_string(), number);
        }
        upto("+Inf".to_owned(), counted.count);
        self.sample(&format!("{name}_sum"), labels, counted.sum_secs);
        self.sample(&format!("{name}_count"), labels, counted.count);
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("text takes text");
        self.0.push('\n');
    }
}

/// A label's value as it may stand between quotes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            char => f.write_char(char),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_lines() {
        let mut figures = Figures::default();
        figures.gauge("a_bytes", "Some.", 5_u64);
        figures.family("b", Kind::Counter, "B.");
        figures.sample(&[("x", "1"), ("y", "say \"\\\"")], 0.5);
        assert_eq!(
            page(&figures),
            "# HELP a_bytes Some.\n# TYPE a_bytes gauge\na_bytes 5\n# HELP b B.\n# TYPE b counter\nb{x=\"1\",y=\"say \\\"\\\\\\\"\"} 0.5\n"
        );
    }
}
