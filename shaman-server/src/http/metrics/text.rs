//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write as _};

use crate::live::{BOUNDS, Counted};

/// A page of figures that is being written.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// Names and values that tell figures of one name apart.
type Labels<'a> = &'a [(&'a str, &'a str)];

impl Text {
    /// The page.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// A number that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// A number that only grows; its name ends with `_total`.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// What the samples that follow are.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    pub(super) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
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
    pub(super) fn histogram(&mut self, name: &str, labels: Labels<'_>, counted: &Counted) {
        let bucket = format!("{name}_bucket");
        let mut upto = |bound: &str, number: u64| {
            let with_bound = [labels, &[("le", bound)]].concat();
            self.sample(&bucket, &with_bound, number);
        };
        for (bound, number) in BOUNDS.iter().zip(counted.at_most) {
            upto(&bound.to_string(), number);
        }
        upto("+Inf", counted.count);
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
        let mut text = Text::default();
        text.gauge("a_bytes", "Some.", 5);
        text.sample("b", &[("x", "1"), ("y", "say \"\\\"")], 0.5);
        assert_eq!(
            text.into_string(),
            "# HELP a_bytes Some.\n# TYPE a_bytes gauge\na_bytes 5\nb{x=\"1\",y=\"say \\\"\\\\\\\"\"} 0.5\n"
        );
    }
}
