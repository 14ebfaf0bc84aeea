//! What people tell the bridge to do: `nick`, `whois` and the like. Pure.

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// To know what there is.
    Help,
    /// To know how they are connected.
    Status,
    /// Another nick; none goes back to the one by the template.
    Nick(Option<String>),
    /// To know about somebody.
    Whois(String),
    /// To know which channels there are, by a pattern.
    List(Option<String>),
    /// To enter a channel.
    Join(String),
    /// A new connection.
    Reconnect,
    /// No connection until they speak again.
    Quit,
}

/// What [`Order::Help`] tells.
pub(crate) const HELP: &str = "help - this
status - how you are connected
nick NICK - take another nick; without one, the usual again
whois NICK - what the server knows of somebody
list [PATTERN] - the channels of the server, at most fifty
join #CHANNEL - how to enter a channel
reconnect - connect anew
quit - disconnect until you speak again
Name the network first where there are several: `NETWORK nick NICK`. In rooms, write `!irc` before it all.";

/// Reads an order; says what is wrong with it otherwise.
pub(crate) fn parse(text: &str) -> Result<Order, String> {
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or("help").to_lowercase();
    let object = words.next();
    let needed = |what: &str| {
        object.map(str::to_owned).ok_or_else(|| format!("`{verb}` needs {what} behind it"))
    };
    Ok(match verb.as_str() {
        "help" => Order::Help,
        "status" => Order::Status,
        "nick" => match object {
            Some(nick) if !crate::id::is_nick(nick) => {
                return Err(format!("{nick:?} cannot be a nick"));
            }
            nick => Order::Nick(nick.map(str::to_owned)),
        },
        "whois" => Order::Whois(needed("a nick")?),
        "list" => Order::List(object.map(str::to_owned)),
        "join" => Order::Join(needed("a channel, such as `#rust`,")?),
        "reconnect" => Order::Reconnect,
        "quit" => Order::Quit,
        other => return Err(format!("there is no command {other:?}; `help` lists what there is")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_and_faults_are_named() {
        for (text, order) in [
            ("", Order::Help),
            ("Status", Order::Status),
            ("nick  ann_", Order::Nick(Some("ann_".to_owned()))),
            ("nick", Order::Nick(None)),
            ("whois bob", Order::Whois("bob".to_owned())),
            ("list #r*", Order::List(Some("#r*".to_owned()))),
            ("join #rust", Order::Join("#rust".to_owned())),
            ("quit now", Order::Quit),
        ] {
            assert_eq!(parse(text), Ok(order), "{text}");
        }
        for (text, fault) in
            [("dance", "no command"), ("whois", "needs a nick"), ("nick #a", "cannot be")]
        {
            assert!(parse(text).unwrap_err().contains(fault), "{text}");
        }
    }
}
