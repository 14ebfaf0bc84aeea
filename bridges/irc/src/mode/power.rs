//! Ranks on IRC and power on Matrix.

use super::Prefixes;

/// The power of each rank, highest first.
const POWER: [(char, i64); 5] = [('q', 95), ('a', 75), ('o', 50), ('h', 25), ('v', 1)];

/// What a moderated channel asks of whoever speaks: a voice.
pub(crate) const VOICE: i64 = 1;

/// The power of somebody with these ranks. A voice says something only in a moderated channel.
pub(crate) fn power_of(ranks: &[char], is_moderated: bool) -> i64 {
    let power = |rank: &char| {
        let known = POWER.iter().find(|(letter, _)| letter == rank);
        known.map(|(_, power)| *power).filter(|power| *power > VOICE || is_moderated)
    };
    ranks.iter().filter_map(power).max().unwrap_or(0)
}

/// The rank for a power: the highest up to operator that the server has and the power covers.
/// Founders and their like are made by services, not by others.
pub(crate) fn rank_of(power: i64, ranks: &Prefixes) -> Option<char> {
    let mut fitting = POWER.iter().filter(|(rank, needed)| {
        !matches!(rank, 'q' | 'a') && *needed <= power && ranks.contains(*rank)
    });
    fitting.next().map(|(rank, _)| *rank)
}

/// Whether a mask such as `*!*@bad.example` covers somebody's. Both are folded.
pub(crate) fn covers(mask: &str, whole: &str) -> bool {
    let (mask, whole): (Vec<char>, Vec<char>) = (mask.chars().collect(), whole.chars().collect());
    let (mut at, mut in_mask) = (0, 0);
    // Where the last star stands, and how much it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while at < whole.len() {
        match mask.get(in_mask) {
            Some('*') => {
                star = Some((in_mask, at));
                in_mask += 1;
            }
            Some(char) if *char == '?' || *char == whole[at] => {
                at += 1;
                in_mask += 1;
            }
            _ => {
                let Some((back, swallowed)) = star else { return false };
                star = Some((back, swallowed + 1));
                at = swallowed + 1;
                in_mask = back + 1;
            }
        }
    }
    mask[in_mask..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_power_correspond() {
        assert_eq!(power_of(&[], false), 0);
        assert_eq!(power_of(&['v', 'o'], false), 50);
        assert_eq!(power_of(&['q', 'o'], false), 95);
        assert_eq!((power_of(&['v'], false), power_of(&['v'], true)), (0, 1));
        let few = Prefixes::default();
        let many = Prefixes::parse("(qaohv)~&@%+");
        for (power, of_few, of_many) in [
            (100, Some('o'), Some('o')),
            (50, Some('o'), Some('o')),
            (25, Some('v'), Some('h')),
            (1, Some('v'), Some('v')),
            (0, None, None),
            (-1, None, None),
        ] {
            assert_eq!((rank_of(power, &few), rank_of(power, &many)), (of_few, of_many), "{power}");
        }
    }

    #[test]
    fn masks_cover_by_stars_and_question_marks() {
        for (mask, covers_it) in [
            ("*!*@*", true),
            ("alice!*@*", true),
            ("ali?e!*@h.example", true),
            ("*!*@*.example", true),
            ("*lice*a*", true),
            ("bob!*@*", false),
            ("*!*@h.exampl", false),
            ("alice!u@h.example?", false),
            ("", false),
        ] {
            assert_eq!(covers(mask, "alice!u@h.example"), covers_it, "{mask}");
        }
        assert!(covers("", "") && covers("**", "") && !covers("?", ""));
    }
}
