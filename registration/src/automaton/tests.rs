use super::*;

fn dfa(regex: &str) -> Dfa {
    Dfa::of_regex(regex).unwrap()
}

#[test]
fn a_common_text_is_short_and_readable() {
    let found = common_text(&[&dfa("a.*"), &dfa(".*[0-9x]")], &[]);
    assert_eq!(found, Search::Found("ax".into()));
}

#[test]
fn anchors_count() {
    assert_eq!(common_text(&[&dfa("(?s:.)*^b"), &dfa("ab")], &[]), Search::Nothing);
    assert_eq!(common_text(&[&dfa("a$(?s:.)*"), &dfa("ab")], &[]), Search::Nothing);
}

#[test]
fn what_is_forbidden_is_left_out() {
    assert_eq!(common_text(&[&dfa("[ab]c")], &[&dfa("a.*")]), Search::Found("bc".into()));
    assert_eq!(common_text(&[&dfa("[ab]c")], &[&dfa("[a-f]c")]), Search::Nothing);
}

#[test]
fn other_scripts_are_texts_too() {
    assert_eq!(common_text(&[&dfa("ü.*"), &dfa(".*é")], &[]), Search::Found("üé".into()));
}

#[test]
fn too_much_is_undecided() {
    assert!(Dfa::of_regex("[ab]*a[ab]{20}").is_none());
    let (one, two) = (dfa("(?s:.)*a[ab]{9}b[ab]*"), dfa("(?s:.)*b[ab]{9}a[ab]*"));
    let never = dfa("[ab]{30}c");
    assert!(matches!(common_text(&[&one, &two, &never], &[]), Search::Nothing | Search::Undecided));
}
