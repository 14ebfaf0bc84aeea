//! What the bridge tells about itself: its log and its metrics.

use std::{
    io::IsTerminal,
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing::{Subscriber, warn};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt};

use crate::{
    admin::metrics,
    config::{LogFormat, Logging},
};

/// Upper bounds of the buckets of histograms, in seconds.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// How often the samples of histograms are put into their buckets when nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts the log on standard error. `RUST_LOG` goes before the configured level.
///
/// Without effect if the process has a log already.
pub fn log(logging: &Logging) {
    let variable = std::env::var("RUST_LOG").ok();
    let filter = filter(logging, variable.as_deref());
    let ansi = std::io::stderr().is_terminal();
    let subscriber = subscriber(logging.format, filter, ansi, std::io::stderr);
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn filter(logging: &Logging, variable: Option<&str>) -> EnvFilter {
    variable
        .filter(|text| !text.is_empty())
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new(&logging.level))
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    ansi: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => Box::new(registry.with(layer.with_ansi(ansi))),
        LogFormat::Json => Box::new(registry.with(layer.json().flatten_event(true))),
    }
}

/// The metrics of this process. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: Arc<PrometheusHandle>,
}

impl Metrics {
    /// The recorder behind the macros of the crate `metrics`, installed at the first call.
    ///
    /// There is one a process. If somebody else's is installed already, ours stays empty.
    pub fn install() -> Self {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        INSTALLED
            .get_or_init(|| {
                let recorder = builder().build_recorder();
                let handle = Arc::new(recorder.handle());
                if ::metrics::set_global_recorder(recorder).is_err() {
                    warn!("another recorder of metrics is installed; /metrics stays empty");
                }
                metrics::describe();
                Self { handle }
            })
            .clone()
    }

    /// All metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Keeps the memory of histograms bounded while nobody asks for them, until `stop`.
    pub async fn upkeep(self, stop: CancellationToken) {
        let mut interval = tokio::time::interval(UPKEEP);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = interval.tick() => self.handle.run_upkeep(),
                () = stop.cancelled() => return,
            }
        }
    }
}

/// Milliseconds as the seconds that metrics are measured in.
#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
pub(crate) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn builder() -> PrometheusBuilder {
    let suffix = Matcher::Suffix("_seconds".to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(suffix, &BUCKETS)
        .unwrap_or_else(|_| PrometheusBuilder::new()) // only an empty list of buckets is refused
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Mutex, PoisonError},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: &str, variable: Option<&str>) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let logging = Logging { level: level.to_owned(), format };
        let filter = filter(&logging, variable);
        let subscriber = subscriber(format, filter, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(room = "!r", "a portal opened");
            tracing::debug!("details");
        });
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_of_text_is_for_people() {
        let text = logged(LogFormat::Text, "info", None);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO") && text.contains("a portal opened room=\"!r\""), "{text}");
    }

    #[test]
    fn a_line_of_json_is_an_object() {
        let text = logged(LogFormat::Json, "info", None);
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "a portal opened");
        assert_eq!(line["room"], "!r");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn the_variable_goes_before_the_configuration() {
        assert!(logged(LogFormat::Text, "info", Some("debug")).contains("details"));
        assert!(logged(LogFormat::Text, "debug", Some("")).contains("details"));
        assert_eq!(logged(LogFormat::Text, "debug", Some("error")), "");
    }

    #[test]
    fn histograms_have_buckets() {
        let recorder = builder().build_recorder();
        ::metrics::with_local_recorder(&recorder, || {
            ::metrics::histogram!("bridge_delivery_seconds", "direction" => "to_matrix")
                .record(0.02);
        });
        let text = recorder.handle().render();
        let bucket = "bridge_delivery_seconds_bucket{direction=\"to_matrix\",le=\"0.025\"} 1";
        assert!(text.contains(bucket), "{text}");
    }

    #[tokio::test]
    async fn upkeep_ends_when_told() {
        let stop = CancellationToken::new();
        stop.cancel();
        let upkeep = Metrics::install().upkeep(stop);
        tokio::time::timeout(Duration::from_secs(10), upkeep).await.unwrap();
    }
}
