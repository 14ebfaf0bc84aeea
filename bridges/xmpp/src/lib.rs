//! Bridge between Matrix and XMPP.
