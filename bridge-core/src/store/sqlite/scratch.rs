use super::*;
use crate::store::*;
use std::time::Instant;

fn row(i: usize, task: usize) -> NewRow {
    NewRow { lane: LaneId(task as i64 % 50 + 1), direction: Direction::ToNetwork, key: Some(format!("$0123456789abcdef0123456789abcdef{task}x{i}")),
      body: "x".repeat(600).into(), created: Timestamp(1_700_000_000_000), state: RowState::New }
}

async fn bench(committers: usize, per: usize, full: bool) {
    let dir = tempfile::tempdir_in("/work/target").unwrap();
    let (store, mut feed) = SqliteStore::open(dir.path().join("b.db")).unwrap();
    let store = Arc::new(store);
    let t = Instant::now();
    let mut tasks = vec![];
    for c in 0..committers {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut lat = vec![];
            for i in 0..per {
                let t = Instant::now();
                let out = store.commit(Batch::durable(vec![Op::Append(row(i, c))])).await.unwrap();
                lat.push(t.elapsed().as_micros());
                if full {
                    let seq = out.appended[0].unwrap();
                    store.commit(Batch::settled(vec![Op::Move { seq, to: RowState::Sending, at: Timestamp(1) }])).await.unwrap();
                    store.commit(Batch::settled(vec![Op::Move { seq, to: RowState::Done, at: Timestamp(1) }])).await.unwrap();
                }
            }
            lat
        }));
    }
    let mut lat = vec![];
    for task in tasks { lat.extend(task.await.unwrap()); }
    let el = t.elapsed();
    lat.sort_unstable();
    let n = lat.len();
    let wal = std::fs::metadata(dir.path().join("b.db-wal")).unwrap().len();
    println!("full={full} {committers:4} committers: {:8.0}/s  p50 {} p99 {} p999 {} max {} us, wal {} MiB", n as f64 / el.as_secs_f64(), lat[n/2], lat[n*99/100], lat[n*999/1000], lat[n-1], wal >> 20);
    let mut got = 0; while feed.try_recv().is_ok() { got += 1 } assert_eq!(got, n);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scratch_bench() {
    for (c, n) in [(1000usize, 100usize)] {
        bench(c, n, false).await;
        
    }
}
