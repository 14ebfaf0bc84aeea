//! What an edit changed, in few words.

/// The words around a change that are repeated.
const CONTEXT_WORDS: usize = 2;
/// The most words that a short difference takes out or puts in.
const CHANGED_WORDS: usize = 4;

/// `* … before [old -> new] after …`, if that is clearly shorter than the new text.
pub(super) fn short(earlier: &str, now: &str) -> Option<String> {
    if earlier.contains('\n') || now.contains('\n') {
        return None;
    }
    let old: Vec<_> = earlier.split_whitespace().collect();
    let new: Vec<_> = now.split_whitespace().collect();
    let head = common(old.iter(), new.iter());
    let tail = common(old[head..].iter().rev(), new[head..].iter().rev());
    let (removed, added) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if removed.len() > CHANGED_WORDS || added.len() > CHANGED_WORDS {
        return None;
    }
    let change = match (removed.join(" "), added.join(" ")) {
        (removed, added) if removed.is_empty() && added.is_empty() => return None,
        (removed, added) if removed.is_empty() => format!("[+{added}]"),
        (removed, added) if added.is_empty() => format!("[-{removed}]"),
        (removed, added) => format!("[{removed} → {added}]"),
    };
    let before = head.saturating_sub(CONTEXT_WORDS);
    let after = (new.len() - tail + CONTEXT_WORDS).min(new.len());
    let mut words = vec!["*"];
    words.extend((before > 0).then_some("…"));
    words.extend(&new[before..head]);
    words.push(&change);
    words.extend(&new[new.len() - tail..after]);
    words.extend((after < new.len()).then_some("…"));
    let short = words.join(" ");
    (short.chars().count() * 3 <= now.chars().count() * 2).then_some(short)
}

fn common<'a>(
    old: impl Iterator<Item = &'a &'a str>,
    new: impl Iterator<Item = &'a &'a str>,
) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}
