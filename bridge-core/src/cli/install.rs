//! The lines by which homeservers learn of a registration.

use std::{fmt::Write, path::Path};

/// What an admin does after `init`.
pub(super) fn instructions(name: &str, config: &Path, registration: &Path) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = write!(
        text,
        "
Tell the homeserver about the bridge.

Synapse: put this into homeserver.yaml and restart Synapse, which must be able to read the file.
app_service_config_files:
  - {registration}

Dendrite: put this into dendrite.yaml and restart Dendrite.
app_service_api:
  config_files:
    - {registration}

Conduit, Continuwuity, Tuwunel: send this to the admin room; no restart is needed. What the command
`{name} registration -c {config}` prints goes between the lines of quotes.
Conduit itself wants `@conduit:your.server: register_appservice` as the first line.
!admin appservices register
```
```

Then start the bridge:
{name} run -c {config}
",
        registration = registration.display(),
        config = config.display(),
    );
    text
}
