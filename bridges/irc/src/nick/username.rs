//! User names and real names.

use super::Person;

/// The user name of a person: letters, digits and `-` in at most `length` bytes, beginning with a letter.
///
/// `number` tells users apart whose names are alike; it is written in base 36 behind the name.
pub fn username(person: &Person<'_>, number: Option<u64>, length: usize) -> String {
    let lower = person.localpart.to_ascii_lowercase();
    let mut name: String = lower
        .chars()
        .filter(|char| char.is_ascii_alphanumeric() || *char == '-')
        .skip_while(|char| !char.is_ascii_alphabetic())
        .collect();
    if name.is_empty() {
        "m".clone_into(&mut name);
    }
    let suffix = number.map(base36).unwrap_or_default();
    name.truncate(length.saturating_sub(suffix.len()).max(1));
    name + &suffix
}

/// The real name of a person: the Matrix id without what could harm a line, cut to `length` bytes.
pub fn realname(person: &Person<'_>, length: usize) -> String {
    let id = format!("@{}:{}", person.localpart, person.domain);
    let mut name: String =
        id.chars().map(|char| if char.is_ascii_graphic() { char } else { '?' }).collect();
    name.truncate(length);
    name
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        digits.extend(char::from_digit(digit, 36));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
