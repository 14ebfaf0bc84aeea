//! Prometheus's text format, as far as tests need it.

use std::collections::BTreeMap;

/// The figures of one scrape.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    series: Vec<Series>,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    /// Reads a page; comments and what is no series are passed over.
    pub fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        Self { series: lines.filter_map(series).collect() }
    }

    /// The sum over all series of this name that have these labels; 0 if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted = |series: &&Series| {
            let has =
                |(key, value): &(&str, &str)| series.labels.get(*key).is_some_and(|it| it == value);
            series.name == name && labels.iter().all(has)
        };
        // Not `sum`, which makes -0 of nothing.
        self.series.iter().filter(wanted).fold(0.0, |sum, series| sum + series.value)
    }

    /// Whether there is any series of this name.
    pub fn has(&self, name: &str) -> bool {
        self.series.iter().any(|series| series.name == name)
    }
}

/// `name{key="value",…} 12` or `name 12`.
fn series(line: &str) -> Option<Series> {
    let (head, value) = line.trim_end().rsplit_once(' ')?;
    let (name, list) = head.split_once('{').unwrap_or((head, "}"));
    let mut labels = BTreeMap::new();
    let mut rest = list;
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = quoted(after)?;
        labels.insert(key.trim_start_matches([',', ' ']).to_owned(), value);
        rest = after;
    }
    Some(Series { name: name.trim_end().to_owned(), labels, value: value.parse().ok()? })
}

/// Reads to the closing quote; returns what was quoted and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn series_with_the_labels_are_summed() {
        let page = "# TYPE lines counter\nlines{to=\"a\",room=\"x,\\\"}=1\"} 2\nlines{to=\"a\"} 3\n\
                    lines{to=\"b\"} 4\nup 1\n";
        let metrics = Metrics::parse(page);
        let sums =
            [&[("to", "a")][..], &[("room", "x,\"}=1")], &[]].map(|it| metrics.sum("lines", it));
        assert_eq!(sums.map(|sum| sum.to_string()), ["5", "2", "9"]);
        assert_eq!(metrics.sum("none", &[]).to_string(), "0");
        assert!(metrics.has("up") && !metrics.has("down"));
    }
}
