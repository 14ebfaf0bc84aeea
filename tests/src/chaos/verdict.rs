//! What was said and what arrived, compared.

use std::collections::HashMap;

/// One line, by whom. Its text is said only once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) who: String,
    pub(super) text: String,
}

/// Which order is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All lines stand as they were said.
    Whole,
    /// Those of each sender do. A line that is not seen within 2 s is overtaken by those of others,
    /// and on a busy machine 2 s are not much.
    OfEachSender,
}

/// How many complaints of one kind are spelt out.
const SHOWN: usize = 10;

/// Compares what arrived with what was said: each once, by its author, in the same order. Those for
/// which `may_miss` holds may be missing, and nothing else is forgiven them. `also` is another order
/// that is as right: two lines may stand as they do in either.
pub(super) fn compare(
    said: &[Said],
    also: &[Said],
    heard: &[Said],
    judged: Order,
    may_miss: impl Fn(&Said) -> bool,
) -> Vec<String> {
    let (places, others) = (places(said), places(also));
    let is_swapped = |first: &Said, then: &Said| {
        others.get(first.text.as_str()) < others.get(then.text.as_str())
    };
    let mut times = vec![0_usize; said.len()];
    let (mut wrong, mut order) = (Vec::new(), Vec::new());
    let mut newest: HashMap<&str, usize> = HashMap::new();
    for line in heard {
        let Some(&at) = places.get(line.text.as_str()) else {
            wrong.push(format!("{line:?} was never said"));
            continue;
        };
        if said[at].who != line.who {
            wrong.push(format!("{line:?} was said by {}", said[at].who));
        }
        times[at] += 1;
        let of = match judged {
            Order::Whole => "",
            Order::OfEachSender => &line.who,
        };
        let last = newest.get(of).copied();
        if let Some(last) = last
            && at < last
            && times[at] == 1
            && !is_swapped(&said[last], line)
        {
            order.push(format!("{line:?} came after {:?}", said[last]));
        }
        newest.insert(of, last.map_or(at, |last| last.max(at)));
    }
    let count = |times: &usize, said: &Said| match times {
        0 if !may_miss(said) => Some(format!("{said:?} is missing")),
        0 | 1 => None,
        times => Some(format!("{said:?} came {times} times")),
    };
    let counted = times.iter().zip(said).filter_map(|(times, said)| count(times, said)).collect();
    [wrong, order, counted].into_iter().flat_map(shorten).collect()
}

fn places(said: &[Said]) -> HashMap<&str, usize> {
    said.iter().enumerate().map(|(at, said)| (said.text.as_str(), at)).collect()
}

/// Whether the lines that were heard are the first ones of those said.
pub(super) fn is_beginning(said: &[Said], heard: &[Said]) -> bool {
    !said.iter().skip_while(|said| heard.contains(said)).any(|said| heard.contains(said))
}

fn shorten(mut complaints: Vec<String>) -> Vec<String> {
    if complaints.len() > SHOWN {
        let more = complaints.len() - SHOWN;
        complaints.truncate(SHOWN);
        complaints.push(format!("and {more} more of this kind"));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Said> {
        texts.iter().map(|it| Said { who: it[..1].to_owned(), text: (*it).to_owned() }).collect()
    }

    #[test]
    fn nothing_is_said_of_what_is_right() {
        let said = lines(&["a1", "b1", "a2"]);
        assert!(compare(&said, &said, &said, Order::Whole, |_| false).is_empty());
        assert!(
            compare(&said, &said, &lines(&["a1", "a2"]), Order::Whole, |said| said.text == "b1")
                .is_empty()
        );
    }

    #[test]
    fn senders_may_overtake_each_other_where_only_their_own_order_counts() {
        let said = lines(&["a1", "b1", "a2"]);
        let judge =
            |heard: &[&str]| compare(&said, &said, &lines(heard), Order::OfEachSender, |_| false);
        assert!(judge(&["b1", "a1", "a2"]).is_empty());
        assert_eq!(judge(&["b1", "a2", "a1"]).len(), 1);
    }

    #[test]
    fn lost_doubled_swapped_and_foreign_lines_are_named() {
        let said = lines(&["a1", "b1", "a2"]);
        let complaint = |heard: &[&str], words: &str| {
            let complaints = compare(&said, &said, &lines(heard), Order::Whole, |_| false);
            assert!(complaints.len() == 1 && complaints[0].contains(words), "{complaints:?}");
        };
        complaint(&["a1", "a2"], "missing");
        complaint(&["a1", "b1", "a2", "b1"], "2 times");
        complaint(&["b1", "a1", "a2"], "came after");
        complaint(&["a1", "b1", "c1", "a2"], "never said");
        let mut other = said.clone();
        other[1].who = "a".to_owned();
        assert!(
            compare(&said, &said, &other, Order::Whole, |_| false)[0].contains("was said by b")
        );
        assert_eq!(
            compare(&said, &said, &lines(&["a1", "a1"]), Order::Whole, |said| said.text != "a1")
                .len(),
            1
        );
    }

    #[test]
    fn either_order_is_right() {
        let (said, also) = (lines(&["a1", "b1", "a2"]), lines(&["b1", "a1", "a2"]));
        assert!(compare(&said, &also, &also, Order::Whole, |_| false).is_empty());
        assert_eq!(
            compare(&said, &also, &lines(&["a2", "a1", "b1"]), Order::Whole, |_| false).len(),
            2
        );
    }

    #[test]
    fn a_beginning_has_no_gap() {
        let said = lines(&["a1", "b1", "a2"]);
        assert!(is_beginning(&said, &lines(&["x1", "a1", "b1"])) && is_beginning(&said, &[]));
        assert!(!is_beginning(&said, &lines(&["a1", "a2"])));
    }
}
