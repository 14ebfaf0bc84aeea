//! The ranks of a channel's members, from `PREFIX`.

/// Ranks with their mode letters and symbols, highest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefixes(Vec<(char, char)>);

impl Prefixes {
    /// Reads a value such as `(qaohv)~&@%+`. Empty means that members have no ranks.
    pub fn parse(value: &str) -> Self {
        let (modes, symbols) =
            value.strip_prefix('(').and_then(|rest| rest.split_once(')')).unwrap_or_default();
        Self(modes.chars().zip(symbols.chars()).collect())
    }

    /// Whether a mode letter is a rank.
    pub fn contains(&self, mode: char) -> bool {
        self.rank(mode).is_some()
    }

    /// The place of a mode among the ranks; 0 is the highest.
    pub fn rank(&self, mode: char) -> Option<usize> {
        self.0.iter().position(|&(known, _)| known == mode)
    }

    /// The mode letter behind a symbol.
    pub fn mode_of(&self, symbol: char) -> Option<char> {
        self.0.iter().find(|&&(_, known)| known == symbol).map(|&(mode, _)| mode)
    }

    /// The symbol of a mode letter.
    pub fn symbol_of(&self, mode: char) -> Option<char> {
        self.0.iter().find(|&&(known, _)| known == mode).map(|&(_, symbol)| symbol)
    }

    /// The modes of a member in `NAMES`, and the nick (or mask) behind the symbols.
    pub fn split<'a>(&self, member: &'a str) -> (Vec<char>, &'a str) {
        let mut modes = Vec::new();
        let mut rest = member;
        while let Some(symbol) = rest.chars().next()
            && let Some(mode) = self.mode_of(symbol)
            && modes.len() < self.0.len()
        {
            modes.push(mode);
            rest = rest.get(symbol.len_utf8()..).unwrap_or_default();
        }
        (modes, rest)
    }

    /// Mode letters, highest rank first.
    pub fn modes(&self) -> impl Iterator<Item = char> {
        self.0.iter().map(|&(mode, _)| mode)
    }
}

impl Default for Prefixes {
    /// Operators and voiced members, as on every server.
    fn default() -> Self {
        Self(vec![('o', '@'), ('v', '+')])
    }
}
