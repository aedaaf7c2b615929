//! `Figures`: what is told of a server to those who keep figures, however it is written down.

use super::histogram::Counted;

/// Figures that were collected, in the order in which they are told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(Vec<Family>);

/// Figures of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// Its name; that of a counter ends with `_total`.
    pub name: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// One for each combination of labels that there is.
    pub samples: Vec<Sample>,
}

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Up and down.
    Gauge,
    /// It only grows.
    Counter,
    /// Times, counted in buckets.
    Histogram,
}

/// A figure with these labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Names and values that tell figures of one name apart.
    pub labels: Vec<(&'static str, String)>,
    /// How much.
    pub number: Number,
}

/// How much.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(u64),
    /// Any number.
    Real(f64),
    /// Times in buckets.
    Times(Box<Counted>),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<bool> for Number {
    fn from(is_so: bool) -> Self {
        Self::Whole(is_so.into())
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<Counted> for Number {
    fn from(counted: Counted) -> Self {
        Self::Times(Box::new(counted))
    }
}

impl Figures {
    /// All of them.
    pub fn families(&self) -> &[Family] {
        &self.0
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, number: impl Into<Number>) {
        self.family(name, Kind::Gauge, help);
        self.sample(&[], number);
    }

    /// A number that only grows.
    pub fn counter(&mut self, name: &'static str, help: &'static str, number: impl Into<Number>) {
        self.family(name, Kind::Counter, help);
        self.sample(&[], number);
    }

    /// Begins figures of this name: what the samples that follow are.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) {
        self.0.push(Family { name, help, kind, samples: Vec::new() });
    }

    /// One more of the family that was begun last.
    pub fn sample(&mut self, labels: &[(&'static str, &str)], number: impl Into<Number>) {
        let labels = labels.iter().map(|(label, text)| (*label, (*text).to_owned())).collect();
        let family = self.0.last_mut().expect("a family was begun");
        family.samples.push(Sample { labels, number: number.into() });
    }
}
