use proptest::prelude::*;

use super::{ChanModes, ModeKind, Prefixes, parse_changes};

/// The changes in one line: sign, letter, kind by its first letter, parameter.
fn changes(params: &str, modes: &ChanModes, ranks: &Prefixes) -> String {
    let params: Vec<String> = params.split(' ').map(str::to_owned).collect();
    let show = |change: super::ModeChange| {
        let sign = if change.sign == super::Sign::Set { '+' } else { '-' };
        let kind = format!("{:?}", change.kind);
        format!(
            "{sign}{}:{}={}",
            change.mode,
            &kind[..1],
            change.param.as_deref().unwrap_or("none")
        )
    };
    parse_changes(&params, modes, ranks).into_iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_server_that_says_nothing_has_the_common_modes() {
    let (modes, ranks) = (ChanModes::default(), Prefixes::default());
    assert_eq!(changes("+o bob", &modes, &ranks), "+o:R=bob");
    assert_eq!(changes("-o+v bob eve", &modes, &ranks), "-o:R=bob +v:R=eve");
    assert_eq!(changes("+ntk key", &modes, &ranks), "+n:F=none +t:F=none +k:A=key");
    assert_eq!(changes("+l-l 5", &modes, &ranks), "+l:O=5 -l:O=none");
    assert_eq!(changes("-k *", &modes, &ranks), "-k:A=*");
    assert_eq!(changes("b", &modes, &ranks), "+b:L=none");
    assert_eq!(changes("+b *!*@x +o bob", &modes, &ranks), "+b:L=*!*@x +o:R=bob");
}

#[test]
fn announced_modes_keep_parameters_with_their_letters() {
    let modes = ChanModes::parse("Ibew,k,Hfjl,imnpst");
    let ranks = Prefixes::parse("(qaohv)~&@%+");
    assert_eq!(changes("+fo 5:30 bob", &modes, &ranks), "+f:O=5:30 +o:R=bob");
    assert_eq!(changes("-fo bob", &modes, &ranks), "-f:O=none -o:R=bob");
    assert_eq!(changes("+qh a b", &modes, &ranks), "+q:R=a +h:R=b");
    assert_eq!(changes("+H-b 50:600 x", &modes, &ranks), "+H:O=50:600 -b:L=x");
    assert_eq!(changes("+o", &modes, &ranks), "+o:R=none");
}

#[test]
fn ranks_are_ordered_and_split_from_names() {
    let ranks = Prefixes::parse("(qaohv)~&@%+");
    assert!(ranks.rank('q') < ranks.rank('o') && ranks.rank('o') < ranks.rank('v'));
    assert_eq!(ranks.split("@+bob"), (vec!['o', 'v'], "bob"));
    assert_eq!(ranks.split("~bob!b@h"), (vec!['q'], "bob!b@h"));
    assert_eq!(ranks.split("bob"), (vec![], "bob"));
    assert_eq!(ranks.split(""), (vec![], ""));
    assert_eq!(ranks.symbol_of('h'), Some('%'));
    assert_eq!(Prefixes::parse("").split("@bob"), (vec![], "@bob"));
    assert_eq!(Prefixes::default().modes().collect::<String>(), "ov");
}

proptest! {
    #[test]
    fn any_modes_are_read_without_panic(
        params in proptest::collection::vec(any::<String>(), 0..6),
        modes in any::<String>(),
        ranks in "\\(?[a-z]{0,5}\\)?[~&@%+]{0,5}",
    ) {
        let (modes, ranks) = (ChanModes::parse(&modes), Prefixes::parse(&ranks));
        for change in parse_changes(&params, &modes, &ranks) {
            prop_assert!(change.kind != ModeKind::Flag || change.param.is_none());
        }
    }
}
