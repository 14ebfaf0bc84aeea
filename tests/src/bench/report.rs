//! The figures: a table for people, JSON for programs.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// What a figure is to be held against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// It is to be no more than this.
    AtMost(f64),
    /// It is to be no less than this.
    AtLeast(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

/// One figure.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// The floor, or what else it is compared with, and the target of the ratio.
    beside: Option<(f64, Option<Target>)>,
    target: Option<Target>,
}

impl Figure {
    pub(super) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, beside: None, target: None }
    }

    /// Shows its ratio to another figure.
    pub(super) fn beside(mut self, floor: f64, target: Option<Target>) -> Self {
        self.beside = Some((floor, target));
        self
    }

    /// Holds it against a target.
    pub(super) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.beside.map(|(floor, _)| self.value / floor)
    }

    fn is_met(&self) -> Option<bool> {
        let value = self.target.map(|target| target.is_met(self.value));
        let ratio = match (self.beside.and_then(|(_, target)| target), self.ratio()) {
            (Some(target), Some(ratio)) => Some(target.is_met(ratio)),
            _ => None,
        };
        match (value, ratio) {
            (Some(value), Some(ratio)) => Some(value && ratio),
            (one, other) => one.or(other),
        }
    }
}

/// All figures of a run. They are shown as they come.
#[derive(Debug)]
pub(super) struct Report {
    figures: Vec<Figure>,
    quick: bool,
}

impl Report {
    pub(super) fn new(quick: bool) -> Self {
        println!("{:<44} {:>12} {:<10} {:>8}  target", "figure", "value", "unit", "ratio");
        Self { figures: Vec::new(), quick }
    }

    pub(super) fn add(&mut self, figure: Figure) {
        let ratio = figure.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let target = match figure.is_met() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        let Figure { name, value, unit, .. } = &figure;
        println!("{name:<44} {:>12} {unit:<10} {ratio:>8}  {target}", shown(*value));
        self.figures.push(figure);
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                let mut object = Map::new();
                object.insert("name".to_owned(), json!(figure.name));
                object.insert("value".to_owned(), json!(figure.value));
                object.insert("unit".to_owned(), json!(figure.unit));
                if let Some((floor, _)) = figure.beside {
                    object.insert("beside".to_owned(), json!(floor));
                    object.insert("ratio".to_owned(), json!(figure.ratio()));
                }
                if let Some(met) = figure.is_met() {
                    object.insert("met".to_owned(), json!(met));
                }
                object.into()
            })
            .collect();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let report = json!({
            "quick": self.quick,
            "cores": cores,
            "load_at_end": load.split(' ').next(),
            "figures": figures,
        });
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, serde_json::to_string_pretty(&report)?)
            .with_context(|| path.display().to_string())?;
        println!("written to {}", path.display());
        Ok(())
    }
}

fn shown(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}
